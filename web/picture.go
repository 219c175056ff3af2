package web

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	_ "image/gif" // pictures that may be uploaded
	"image/jpeg"
	"image/png"

	"golang.org/x/image/draw"
)

// Limits of a picture.
const (
	maxUpload   = 5 << 20  // bytes of the file
	maxPixels   = 16 << 20 // of the picture: a small file can claim to be huge
	maxSide     = 16 << 10 // pixels
	fullSide    = 1024     // the longest side of what we keep
	jpegQuality = 88
)

// ErrPicture: an uploaded file is no picture that we take.
var ErrPicture = errors.New("not a jpeg, png or gif picture of a sensible size")

// A picture is an uploaded photo made anew, so that nothing of the file's own bytes is kept:
// neither places and names in its metadata nor anything that a browser could take for a program.
type picture struct {
	ext   string // "png" where something shines through, else "jpg"
	sizes [len(squares) + 1][]byte
}

// squares are the sides of the small pictures, cut from the middle [P 6.2].
var squares = [...]int{96, 32}

// readPicture decodes a file by its content. It looks at the dimensions before it decodes.
func readPicture(file []byte) (*picture, error) {
	cfg, kind, err := image.DecodeConfig(bytes.NewReader(file))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPicture, err)
	}
	if cfg.Width < 1 || cfg.Height < 1 || cfg.Width > maxSide || cfg.Height > maxSide || cfg.Width*cfg.Height > maxPixels {
		return nil, fmt.Errorf("%w: %d×%d pixels", ErrPicture, cfg.Width, cfg.Height)
	}
	img, _, err := image.Decode(bytes.NewReader(file))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPicture, err)
	}
	full := shrink(img, fullSide)
	if kind == "jpeg" {
		full = upright(full, jpegOrientation(file))
	}
	return encodeSizes(full)
}

func encodeSizes(full *image.NRGBA) (*picture, error) {
	p := &picture{ext: "png"}
	if full.Opaque() {
		p.ext = "jpg"
	}
	var err error
	if p.sizes[0], err = encode(full, p.ext); err != nil {
		return nil, err
	}
	for i, side := range squares {
		if p.sizes[i+1], err = encode(square(full, side), p.ext); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func encode(img image.Image, ext string) ([]byte, error) {
	var b bytes.Buffer
	var err error
	if ext == "jpg" {
		err = jpeg.Encode(&b, img, &jpeg.Options{Quality: jpegQuality})
	} else {
		err = png.Encode(&b, img)
	}
	if err != nil {
		return nil, fmt.Errorf("web: encode picture: %w", err)
	}
	return b.Bytes(), nil
}

// shrink makes a copy whose longest side is at most limit. A small picture keeps its size.
func shrink(img image.Image, limit int) *image.NRGBA {
	w, h := img.Bounds().Dx(), img.Bounds().Dy()
	if longest := max(w, h); longest > limit {
		w, h = max(1, w*limit/longest), max(1, h*limit/longest)
	}
	out := image.NewNRGBA(image.Rect(0, 0, w, h))
	draw.CatmullRom.Scale(out, out.Bounds(), img, img.Bounds(), draw.Src, nil)
	return out
}

// square cuts the largest square from the middle and scales it.
func square(img *image.NRGBA, side int) *image.NRGBA {
	b := img.Bounds()
	cut := min(b.Dx(), b.Dy())
	x, y := (b.Dx()-cut)/2, (b.Dy()-cut)/2
	out := image.NewNRGBA(image.Rect(0, 0, side, side))
	draw.CatmullRom.Scale(out, out.Bounds(), img, image.Rect(x, y, x+cut, y+cut), draw.Src, nil)
	return out
}

// upright turns a photo as its camera's orientation mark says (Exif 2.3, tag 0x0112).
func upright(img *image.NRGBA, orientation int) *image.NRGBA {
	if orientation < 2 || orientation > 8 {
		return img
	}
	w, h := img.Bounds().Dx(), img.Bounds().Dy()
	size := image.Rect(0, 0, w, h)
	if orientation >= 5 {
		size = image.Rect(0, 0, h, w)
	}
	out := image.NewNRGBA(size)
	for y := range h {
		for x := range w {
			tx, ty := turned(orientation, x, y, w-1, h-1)
			out.SetNRGBA(tx, ty, img.NRGBAAt(x, y))
		}
	}
	return out
}

// turned is where the point (x, y) of a picture, whose last column and row are given, comes to lie.
func turned(orientation, x, y, lastX, lastY int) (int, int) {
	switch orientation {
	case 2:
		return lastX - x, y
	case 3:
		return lastX - x, lastY - y
	case 4:
		return x, lastY - y
	case 5:
		return y, x
	case 6:
		return lastY - y, x
	case 7:
		return lastY - y, lastX - x
	}
	return y, lastX - x
}
