//go:build race

package plugins_test

// raceDetector makes everything several times slower; times are not judged then.
const raceDetector = true
