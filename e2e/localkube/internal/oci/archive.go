package oci

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"runtime"

	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	v1 "github.com/opencontainers/image-spec/specs-go/v1"
)

// Image is one image: layers of an older one, if any, and one of our own.
type Image struct {
	Name   string // with its tag
	Config v1.ImageConfig
	Base   *Archive
	Tree   *Tree
	Layer  string // a file that is the layer, in place of Tree
}

// nameAnnotation is where containerd looks for the full name of an image.
const nameAnnotation = "io.containerd.image.name"

// WriteArchive writes the image as an OCI archive.
func (i Image) WriteArchive(file string) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	layer, done, err := i.openLayer(filepath.Dir(file))
	if err != nil {
		return err
	}
	defer done()
	sum := sha256.New()
	if _, err := io.Copy(sum, layer); err != nil {
		return err
	}
	size, err := layer.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	own := v1.Descriptor{MediaType: v1.MediaTypeImageLayer, Size: size, Digest: digest.NewDigestFromEncoded(digest.SHA256, hex.EncodeToString(sum.Sum(nil)))}

	temporary := file + ".new"
	out, err := os.Create(temporary)
	if err != nil {
		return err
	}
	defer os.Remove(temporary)
	defer out.Close()
	if err := i.write(tar.NewWriter(out), own, layer); err != nil {
		return err
	}
	if err := out.Close(); err != nil {
		return err
	}
	return os.Rename(temporary, file)
}

// openLayer opens the layer of our own, at its beginning.
func (i Image) openLayer(folder string) (layer *os.File, done func(), err error) {
	if i.Layer != "" {
		layer, err = os.Open(i.Layer)
		return layer, func() { layer.Close() }, err
	}
	layer, err = os.CreateTemp(folder, ".layer-*")
	if err != nil {
		return nil, nil, err
	}
	done = func() {
		layer.Close()
		os.Remove(layer.Name())
	}
	err = i.Tree.Write(layer)
	if err == nil {
		_, err = layer.Seek(0, io.SeekStart)
	}
	if err != nil {
		done()
	}
	return layer, done, err
}

func (i Image) write(out *tar.Writer, own v1.Descriptor, layer io.ReadSeeker) error {
	image := v1.Image{Config: i.Config, Platform: v1.Platform{OS: "linux", Architecture: runtime.GOARCH}, RootFS: v1.RootFS{Type: "layers"}}
	var layers []v1.Descriptor
	if i.Base != nil {
		image.RootFS.DiffIDs = append(image.RootFS.DiffIDs, i.Base.image.RootFS.DiffIDs...)
		image.Config.Env = append(append([]string{}, i.Base.image.Config.Env...), i.Config.Env...)
		image.History = append(image.History, i.Base.image.History...)
		for _, l := range i.Base.manifest.Layers {
			layers = append(layers, l)
			if err := i.Base.copyBlob(out, l); err != nil {
				return err
			}
		}
	}
	image.RootFS.DiffIDs = append(image.RootFS.DiffIDs, own.Digest)
	image.History = append(image.History, v1.History{CreatedBy: "localkube images"}) // build tools want one a layer
	layers = append(layers, own)
	if _, err := layer.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if err := writeBlob(out, own, layer); err != nil {
		return err
	}
	config, err := writeJSON(out, v1.MediaTypeImageConfig, image)
	if err != nil {
		return err
	}
	manifest, err := writeJSON(out, v1.MediaTypeImageManifest, v1.Manifest{
		Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: v1.MediaTypeImageManifest, Config: config, Layers: layers,
	})
	if err != nil {
		return err
	}
	manifest.Annotations = map[string]string{nameAnnotation: i.Name, v1.AnnotationRefName: i.Name}
	manifest.Platform = &image.Platform
	index, err := json.Marshal(v1.Index{Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: v1.MediaTypeImageIndex, Manifests: []v1.Descriptor{manifest}})
	if err != nil {
		return err
	}
	if err := writeFile(out, v1.ImageIndexFile, int64(len(index)), bytes.NewReader(index)); err != nil {
		return err
	}
	layout, err := json.Marshal(v1.ImageLayout{Version: v1.ImageLayoutVersion})
	if err != nil {
		return err
	}
	if err := writeFile(out, v1.ImageLayoutFile, int64(len(layout)), bytes.NewReader(layout)); err != nil {
		return err
	}
	return out.Close()
}

func writeJSON(out *tar.Writer, mediaType string, value any) (v1.Descriptor, error) {
	content, err := json.Marshal(value)
	if err != nil {
		return v1.Descriptor{}, err
	}
	d := v1.Descriptor{MediaType: mediaType, Digest: digest.FromBytes(content), Size: int64(len(content))}
	return d, writeBlob(out, d, bytes.NewReader(content))
}

func writeBlob(out *tar.Writer, d v1.Descriptor, content io.Reader) error {
	return writeFile(out, blobName(d.Digest), d.Size, content)
}

func writeFile(out *tar.Writer, name string, size int64, content io.Reader) error {
	if err := out.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: size}); err != nil {
		return err
	}
	_, err := io.CopyN(out, content, size)
	return err
}

func blobName(d digest.Digest) string {
	return v1.ImageBlobsDir + "/" + d.Algorithm().String() + "/" + d.Encoded()
}
