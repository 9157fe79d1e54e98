package main

import (
	"bytes"
	"hash/fnv"
	"image"
	"image/color"
	"image/png"
	"io/fs"
	"path"
	"time"
)

// drawings is a folder in which every name is a picture that is drawn when it
// is asked for: the photos of a simulation.
type drawings struct{}

// Open draws the picture of a name. Equal names have equal pictures.
func (drawings) Open(name string) (fs.File, error) {
	if !fs.ValidPath(name) || name == "." {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	var text bytes.Buffer
	if err := png.Encode(&text, draw(name)); err != nil {
		return nil, &fs.PathError{Op: "draw", Path: name, Err: err}
	}
	return &drawing{Reader: bytes.NewReader(text.Bytes()), name: path.Base(name)}, nil
}

// draw paints a meadow, a sun and a house, in colours that depend on the name.
func draw(name string) image.Image {
	const width, height = 360, 270
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(name)) // never fails
	seed := hash.Sum32()
	palette := color.Palette{
		color.RGBA{135, 206, 235, 255}, // sky
		color.RGBA{uint8(90 + seed%80), 170, 80, 255},
		color.RGBA{255, 210, 60, 255},
		color.RGBA{uint8(150 + seed>>8%100), uint8(60 + seed>>16%120), 60, 255},
		color.RGBA{110, 60, 40, 255},
	}
	picture := image.NewPaletted(image.Rect(0, 0, width, height), palette)
	sun := int(40 + seed%240)
	for y := range height {
		for x := range width {
			picture.SetColorIndex(x, y, paint(x, y, sun))
		}
	}
	return picture
}

// paint chooses the colour of a point.
func paint(x, y, sun int) uint8 {
	dx, dy := x-sun, y-50
	switch {
	case x > 130 && x < 230 && y >= 140 && y < 215:
		return 3 // the house
	case y >= 95 && y < 140 && x > 180-(y-95)*4/3 && x < 180+(y-95)*4/3:
		return 4 // its roof
	case y > 200:
		return 1
	case dx*dx+dy*dy < 28*28:
		return 2
	}
	return 0
}

// drawing is an open picture.
type drawing struct {
	*bytes.Reader
	name string
}

func (d *drawing) Stat() (fs.FileInfo, error) { return d, nil }
func (d *drawing) Close() error               { return nil }
func (d *drawing) Name() string               { return d.name }
func (d *drawing) Mode() fs.FileMode          { return 0o444 }
func (d *drawing) ModTime() time.Time         { return time.Time{} }
func (d *drawing) IsDir() bool                { return false }
func (d *drawing) Sys() any                   { return nil }
