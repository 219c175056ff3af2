package sim_test

import (
	"encoding/binary"
	"io"
	"io/fs"
	"testing"
	"time"

	"github.com/octolink/octolink/pbx"
	"github.com/octolink/octolink/pbx/sim"
)

func TestRecordingIsAsLongAsTheTalk(t *testing.T) {
	inHouse(t, sim.Options{}, func(h *house) {
		h.talking(client, "300")
		h.pass(2 * time.Second)
		h.must(h.sw.Abort(h.ctx, "alice"))
		h.pass(0)
		r := h.journal.take()[0]
		if !r.Recorded || r.Talk == "" || r.Chain == "" {
			t.Errorf("got %+v", r)
		}
		rc, kind, err := h.sw.Recording(h.ctx, r)
		h.must(err)
		defer rc.Close()
		wav, err := io.ReadAll(rc)
		h.must(err)
		if kind != "audio/wav" || string(wav[:4]) != "RIFF" || string(wav[8:16]) != "WAVEfmt " || len(wav) != 44+3*16000 {
			t.Errorf("got %s, %q, %d bytes", kind, wav[:16], len(wav))
		}
		if size := binary.LittleEndian.Uint32(wav[40:]); int(size) != len(wav)-44 {
			t.Errorf("the header says %d bytes", size)
		}
		loud := false
		for i := 44; i < len(wav); i += 2 {
			loud = loud || binary.LittleEndian.Uint16(wav[i:]) != 0
		}
		if !loud {
			t.Error("the tone is silence")
		}
		if _, err = rc.Seek(-2, io.SeekEnd); err != nil {
			t.Error(err)
		}
		if rest, _ := io.ReadAll(rc); len(rest) != 2 {
			t.Errorf("%d bytes after a seek", len(rest))
		}
	})
}

func TestNoRecordingWithoutATalk(t *testing.T) {
	inHouse(t, sim.Options{}, func(h *house) {
		_, _, err := h.sw.Recording(h.ctx, pbx.CallRecord{ID: "1"})
		h.fails(err, fs.ErrNotExist)
	})
}
