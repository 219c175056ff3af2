package web

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"testing"
)

// turnedJPEG is a picture with a white corner at the upper left, marked with an orientation.
func turnedJPEG(t testing.TB, orientation uint16, order binary.AppendByteOrder) []byte {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, 64, 32))
	for y := range 16 {
		for x := range 16 {
			img.SetGray(x, y, color.Gray{Y: 255})
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	mark := map[binary.AppendByteOrder]string{binary.LittleEndian: "II", binary.BigEndian: "MM"}[order]
	tiff := append([]byte(mark), order.AppendUint16(nil, 42)...)
	tiff = order.AppendUint32(tiff, 8)
	tiff = order.AppendUint16(tiff, 1)
	tiff = order.AppendUint16(tiff, orientationTag)
	tiff = order.AppendUint16(tiff, 3)
	tiff = order.AppendUint32(tiff, 1)
	tiff = order.AppendUint16(tiff, orientation)
	tiff = append(tiff, 0, 0, 0, 0, 0, 0)
	app1 := append([]byte("Exif\x00\x00"), tiff...)
	head := binary.BigEndian.AppendUint16([]byte{0xFF, 0xD8, 0xFF, 0xE1}, uint16(len(app1)+2))
	return append(append(head, app1...), b.Bytes()[2:]...)
}

func TestPhotosStandUpright(t *testing.T) {
	// Where the white corner comes to lie, by the orientation mark: left or right, up or down.
	corners := []struct{ right, down bool }{
		1: {false, false}, 2: {true, false}, 3: {true, true}, 4: {false, true},
		5: {false, false}, 6: {true, false}, 7: {true, true}, 8: {false, true},
	}
	for mark := uint16(1); mark <= 8; mark++ {
		order := binary.AppendByteOrder(binary.LittleEndian)
		if mark%2 == 0 {
			order = binary.BigEndian
		}
		p, err := readPicture(turnedJPEG(t, mark, order))
		if err != nil {
			t.Fatal(err)
		}
		img, err := jpeg.Decode(bytes.NewReader(p.sizes[0]))
		if err != nil {
			t.Fatal(err)
		}
		size := img.Bounds().Size()
		if lying := size.X > size.Y; lying != (mark < 5) {
			t.Errorf("mark %d: the picture is %v", mark, size)
		}
		at := image.Pt(4, 4)
		if corners[mark].right {
			at.X = size.X - 5
		}
		if corners[mark].down {
			at.Y = size.Y - 5
		}
		if y := color.GrayModel.Convert(img.At(at.X, at.Y)).(color.Gray).Y; y < 200 {
			t.Errorf("mark %d: the corner is not at %v", mark, at)
		}
	}
}

func TestMetadataIsNotKept(t *testing.T) {
	secret := []byte("52.5200N 13.4050E")
	file := turnedJPEG(t, 1, binary.BigEndian)
	comment := binary.BigEndian.AppendUint16([]byte{0xFF, 0xD8, 0xFF, 0xFE}, uint16(len(secret)+2))
	file = append(append(comment, secret...), file[2:]...)
	p, err := readPicture(file)
	if err != nil {
		t.Fatal(err)
	}
	for i, size := range p.sizes {
		if bytes.Contains(size, secret) || bytes.Contains(size, []byte("Exif")) {
			t.Errorf("size %d still has the file's metadata", i)
		}
	}
}

func FuzzPicture(f *testing.F) {
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewNRGBA(image.Rect(0, 0, 3, 2))); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add(turnedJPEG(f, 6, binary.LittleEndian))
	f.Add([]byte("GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"))
	f.Fuzz(func(t *testing.T, file []byte) {
		p, err := readPicture(file)
		if err != nil {
			if !errors.Is(err, ErrPicture) {
				t.Fatalf("%v is not ErrPicture", err)
			}
			return
		}
		for i, want := range []int{fullSide, squares[0], squares[1]} {
			cfg, _, err := image.DecodeConfig(bytes.NewReader(p.sizes[i]))
			if err != nil || cfg.Width > want || cfg.Height > want {
				t.Fatalf("size %d: %d×%d, %v", i, cfg.Width, cfg.Height, err)
			}
		}
	})
}

func FuzzOrientation(f *testing.F) {
	f.Add(turnedJPEG(f, 3, binary.BigEndian)[:60])
	f.Add([]byte{0xFF, 0xD8, 0xFF, 0xE1, 0xFF, 0xFF})
	f.Fuzz(func(t *testing.T, file []byte) {
		if got := jpegOrientation(file); got < 0 || got > 8 {
			t.Fatalf("orientation %d", got)
		}
	})
}
