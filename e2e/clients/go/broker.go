package main

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"regexp"
	"time"
)

// brokerAddress asks the name server (code 106) for a master of the cluster; the Go client has no such call.
func brokerAddress(namesrv, cluster string) (string, error) {
	conn, err := net.DialTimeout("tcp", namesrv, 3*time.Second)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(3 * time.Second))
	header := []byte(`{"code":106,"language":"GO","version":513,"opaque":1,"flag":0}`)
	frame := binary.BigEndian.AppendUint32(nil, uint32(len(header)+4))
	frame = binary.BigEndian.AppendUint32(frame, uint32(len(header)))
	if _, err := conn.Write(append(frame, header...)); err != nil {
		return "", err
	}
	var words [8]byte
	if _, err := io.ReadFull(conn, words[:]); err != nil {
		return "", err
	}
	headerLength := binary.BigEndian.Uint32(words[4:]) & 0xffffff
	rest := make([]byte, binary.BigEndian.Uint32(words[:4])-4)
	if _, err := io.ReadFull(conn, rest); err != nil {
		return "", err
	}
	quoted := regexp.MustCompile(`([{,])(\d+):`).ReplaceAll(rest[headerLength:], []byte(`$1"$2":`))
	var info struct {
		BrokerAddrTable map[string]struct {
			Cluster     string            `json:"cluster"`
			BrokerAddrs map[string]string `json:"brokerAddrs"`
		} `json:"brokerAddrTable"`
	}
	if err := json.Unmarshal(quoted, &info); err != nil {
		return "", err
	}
	for _, broker := range info.BrokerAddrTable {
		if broker.Cluster == cluster && broker.BrokerAddrs["0"] != "" {
			return broker.BrokerAddrs["0"], nil
		}
	}
	return "", fmt.Errorf("no master in cluster %s", cluster)
}
