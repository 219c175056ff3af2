package sim

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"io/fs"
	"math"
	"time"

	"github.com/octolink/octolink/pbx"
)

// A recording is a quiet tone of 400 Hz as long as the talk: 8 kHz, mono, 16 bit.
const (
	sampleRate = 8000
	period     = 20 // samples of one swing
	loudness   = 600
	headerSize = 44
	longest    = 24 * time.Hour
)

// Recording makes up the recording of a talk. It is computed while it is read and takes no memory.
func (s *Sim) Recording(_ context.Context, r pbx.CallRecord) (rc io.ReadSeekCloser, mediaType string, err error) {
	if r.AnsweredAt.IsZero() || !r.Recorded {
		return nil, "", fmt.Errorf("sim: recording of %.64q: %w", r.ID, fs.ErrNotExist)
	}
	talked := r.Talked()
	if r.Ended.IsZero() {
		talked = time.Since(r.AnsweredAt)
	}
	return newTone(min(max(talked, 0), longest)), "audio/wav", nil
}

// A tone is a WAV file that exists only while it is read.
type tone struct {
	*io.SectionReader
}

func (tone) Close() error { return nil }

func newTone(d time.Duration) tone {
	size := 2 * int64(d/time.Millisecond) * sampleRate / 1000
	w := &wave{header: header(size)}
	for i := range period {
		sample := int16(math.Round(loudness * math.Sin(2*math.Pi*float64(i)/period)))
		binary.LittleEndian.PutUint16(w.swing[2*i:], uint16(sample))
	}
	return tone{io.NewSectionReader(w, 0, headerSize+size)}
}

// header is that of a PCM file with so many bytes of samples.
func header(size int64) (h [headerSize]byte) {
	copy(h[0:], "RIFF")
	binary.LittleEndian.PutUint32(h[4:], uint32(headerSize-8+size))
	copy(h[8:], "WAVEfmt ")
	binary.LittleEndian.PutUint32(h[16:], 16) // size of the format
	binary.LittleEndian.PutUint16(h[20:], 1)  // PCM
	binary.LittleEndian.PutUint16(h[22:], 1)  // mono
	binary.LittleEndian.PutUint32(h[24:], sampleRate)
	binary.LittleEndian.PutUint32(h[28:], 2*sampleRate) // bytes per second
	binary.LittleEndian.PutUint16(h[32:], 2)            // bytes per sample
	binary.LittleEndian.PutUint16(h[34:], 16)           // bits per sample
	copy(h[36:], "data")
	binary.LittleEndian.PutUint32(h[40:], uint32(size))
	return h
}

// A wave is the endless file behind a tone.
type wave struct {
	header [headerSize]byte
	swing  [2 * period]byte
}

func (w *wave) ReadAt(p []byte, off int64) (n int, err error) {
	for n < len(p) {
		at := off + int64(n)
		if at < headerSize {
			n += copy(p[n:], w.header[at:])
		} else {
			n += copy(p[n:], w.swing[(at-headerSize)%int64(len(w.swing)):])
		}
	}
	return n, nil
}
