package pbx

import (
	"context"
	"io"
)

// Recording opens the recording of a journal entry. The media type is that of a Content-Type
// header. Fails with fs.ErrNotExist when there is none, ErrUnsupported when the telephone system
// keeps none.
func (s *Switch) Recording(ctx context.Context, r CallRecord) (rc io.ReadSeekCloser, mediaType string, err error) {
	rec, ok := s.driver.(Recorder)
	if !ok {
		return nil, "", failed("recording", ErrUnsupported)
	}
	rc, mediaType, err = rec.Recording(ctx, r)
	return rc, mediaType, failed("recording", err)
}
