// Package sim is a telephone system inside the process: users' phones, outside lines, queues,
// conferences, recordings. The demo runs on it and the tests do, so it is deterministic: what
// happens depends on what was asked for and on the clock, never on chance.
//
// Users' phones ring until somebody answers, by hand or through the driver's Answer; outside
// parties are whatever number is dialled that is not an internal one. Both can be told to answer by
// themselves ([Options]). The hand controls ([Sim.Ring], [Sim.AnswerPhone] …) play the people at the
// phones.
//
// All state belongs to the switch's goroutine; everything here runs inside [pbx.Board.Do].
package sim
