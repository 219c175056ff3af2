package protocol

import "context"

// Finished waits until nothing of a channel's clients is being answered.
func Finished(ctx context.Context, ch *Channel) {
	for _, c := range ch.clients() {
		c.finished(ctx)
	}
}
