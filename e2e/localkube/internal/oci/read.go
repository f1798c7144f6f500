package oci

import (
	"archive/tar"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	v1 "github.com/opencontainers/image-spec/specs-go/v1"
)

// Archive is an OCI archive with one image, opened for reading.
type Archive struct {
	file     *os.File
	blobs    map[string]section
	name     string
	manifest v1.Manifest
	image    v1.Image
}

type section struct{ offset, size int64 }

// Open reads the archive's table of contents. Close it after use.
func Open(file string) (*Archive, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	a := &Archive{file: f, blobs: map[string]section{}}
	if err := a.readContents(); err != nil {
		f.Close()
		return nil, fmt.Errorf("%s is no OCI archive of one image: %w", file, err)
	}
	return a, nil
}

// Close gives the file back.
func (a *Archive) Close() error { return a.file.Close() }

// Name is the image's name as the archive has it.
func (a *Archive) Name() string { return a.name }

func (a *Archive) readContents() error {
	in := tar.NewReader(a.file)
	for {
		header, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		offset, err := a.file.Seek(0, io.SeekCurrent)
		if err != nil {
			return err
		}
		a.blobs[header.Name] = section{offset, header.Size}
	}
	var index v1.Index
	if err := a.readJSON(v1.ImageIndexFile, &index); err != nil {
		return err
	}
	if len(index.Manifests) != 1 {
		return fmt.Errorf("it has %d manifests", len(index.Manifests))
	}
	a.name = index.Manifests[0].Annotations[nameAnnotation]
	if a.name == "" {
		a.name = index.Manifests[0].Annotations[v1.AnnotationRefName]
	}
	if err := a.readJSON(blobName(index.Manifests[0].Digest), &a.manifest); err != nil {
		return err
	}
	return a.readJSON(blobName(a.manifest.Config.Digest), &a.image)
}

func (a *Archive) readJSON(name string, into any) error {
	content, err := a.open(name)
	if err != nil {
		return err
	}
	return json.NewDecoder(content).Decode(into)
}

func (a *Archive) open(name string) (*io.SectionReader, error) {
	s, ok := a.blobs[name]
	if !ok {
		return nil, fmt.Errorf("%s is missing", name)
	}
	return io.NewSectionReader(a.file, s.offset, s.size), nil
}

func (a *Archive) copyBlob(out *tar.Writer, d v1.Descriptor) error {
	if err := d.Digest.Validate(); err != nil {
		return err
	}
	content, err := a.open(blobName(d.Digest))
	if err != nil {
		return err
	}
	return writeBlob(out, d, content)
}
