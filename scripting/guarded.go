package scripting

import (
	"fmt"
	"strings"

	"github.com/dop251/goja"
)

// Bounds beside those of Limits.
const (
	maxSorted = 50_000 // elements: sorting compares texts
	maxNested = 500    // objects within each other, for functions that walk down by recursion

	maxPattern = 32 << 10 // characters of an expression: it is read by recursion, in one step
)

// guards are all of them. What is not here cannot be made big in one go: it takes no more than it is given,
// or works in steps of the script, which an interrupt reaches.
var guards = func() (all []guard) {
	for _, name := range []string{
		"forEach", "map", "filter", "reduce", "reduceRight", "some", "every", "find", "findIndex", "findLast", "findLastIndex",
		"indexOf", "lastIndexOf", "includes", "reverse", "slice", "splice", "shift", "unshift", "fill", "copyWithin",
		"toReversed", "toSpliced", "with", "at", "keys", "values", "entries",
	} {
		all = append(all, method("Array.prototype", name, checkLength))
	}
	for _, name := range []string{"sort", "toSorted"} {
		all = append(all, method("Array.prototype", name, checkSort))
	}
	for _, name := range []string{"exec", "test"} {
		all = append(all, primitively("RegExp.prototype", name, checkSubject, []as{asItIs, toText}))
	}
	for _, name := range []string{"match", "matchAll", "search"} {
		all = append(all, primitively("String.prototype", name, checkMatch, []as{toText, toPattern}))
	}
	for _, name := range []string{"replace", "replaceAll"} {
		all = append(all, primitively("String.prototype", name, checkReplace, []as{toText, asItIs, toReplacement}))
	}
	for _, name := range []string{"padStart", "padEnd"} {
		all = append(all, primitively("String.prototype", name, checkPad, []as{toText, toNumber, toText}))
	}
	for name, bytes := range map[string]int64{
		"ArrayBuffer": 1, "Int8Array": 1, "Uint8Array": 1, "Uint8ClampedArray": 1, "Int16Array": 2, "Uint16Array": 2,
		"Int32Array": 4, "Uint32Array": 4, "Float32Array": 4, "Float64Array": 8,
	} {
		all = append(all, constructor(name, checkBuffer(bytes)))
	}
	all = append(all,
		constructor("Array", checkArray),
		constructor("RegExp", checkPattern),
		method("Array", "from", checkFrom),
		method("Array.prototype", "concat", checkConcat),
		primitively("Array.prototype", "join", checkJoin, []as{asItIs, toText}, "[", "toString", "split"), // lists become texts by it, named or not
		method("Array.prototype", "flat", checkFlat),
		method("Array.prototype", "flatMap", checkLength),
		primitively("String.prototype", "repeat", checkRepeat, []as{toText, toNumber}),
		primitively("String.prototype", "concat", checkConcatTexts, []as{toText}),
		primitively("String.prototype", "split", checkSplit, []as{toText}),
		primitively("String.prototype", "normalize", checkText, []as{toText}),
		method("String", "raw", checkRaw),
		method("Function.prototype", "apply", checkApply(1)),
		method("Reflect", "apply", checkApply(2)),
		method("Reflect", "construct", checkApply(1)),
		method("JSON", "stringify", checkStringify),
		method("JSON", "parse", checkParse),
		guard{words: []string{"...", "Set", "Map", "WeakSet", "WeakMap", "fromEntries", "from", "all", "allSettled", "race", "any"}, put: guardIterator},
		guard{words: []string{"constructor"}, put: hideFunction},
	)
	for _, name := range []string{"eval", "Function", "BigInt", "BigInt64Array", "BigUint64Array", "SharedArrayBuffer"} {
		all = append(all, absent(name)) // last: the others need Function
	}
	return all
}()

// lengthOf is the length of an array or of something like it; -1: it has none.
func lengthOf(v goja.Value) int64 {
	o, ok := v.(*goja.Object)
	if !ok {
		return -1
	}
	n := o.Get("length")
	if n == nil {
		return -1
	}
	return n.ToInteger()
}

func checkLength(rt *goja.Runtime, this goja.Value, _ []goja.Value) {
	if n := lengthOf(this); n > maxElements {
		tooMuch(rt, fmt.Sprintf("a list of %d elements is longer than %d", n, maxElements))
	}
}

func checkSort(rt *goja.Runtime, this goja.Value, _ []goja.Value) {
	if n := lengthOf(this); n > maxSorted {
		tooMuch(rt, fmt.Sprintf("a list of %d elements is too long to be sorted: more than %d", n, maxSorted))
	}
}

func checkArray(rt *goja.Runtime, _ goja.Value, args []goja.Value) {
	if len(args) == 1 {
		if _, isObject := args[0].(*goja.Object); !isObject && args[0].ToFloat() > maxElements {
			tooMuch(rt, fmt.Sprintf("an array of %s elements is longer than %d", cut(args[0].String(), 40), maxElements))
		}
	}
}

func checkFrom(rt *goja.Runtime, _ goja.Value, args []goja.Value) {
	if len(args) > 0 {
		checkLength(rt, args[0], nil)
		checkText(rt, args[0], nil)
	}
}

func checkApply(at int) check {
	return func(rt *goja.Runtime, _ goja.Value, args []goja.Value) {
		if len(args) > at {
			checkSort(rt, args[at], nil) // they go to the stack, all at once
		}
	}
}

func checkConcat(rt *goja.Runtime, this goja.Value, args []goja.Value) {
	sum := max(lengthOf(this), 0)
	for _, a := range args {
		sum += max(lengthOf(a), 1)
	}
	if sum > maxElements {
		tooMuch(rt, fmt.Sprintf("lists of %d elements together are longer than %d", sum, maxElements))
	}
}

func checkBuffer(bytes int64) check {
	return func(rt *goja.Runtime, _ goja.Value, args []goja.Value) {
		if len(args) == 0 {
			return
		}
		n := lengthOf(args[0])
		if _, isObject := args[0].(*goja.Object); !isObject {
			n = args[0].ToInteger()
		}
		if n > maxBytes/bytes || bytes > 1 && n > maxElements {
			tooMuch(rt, fmt.Sprintf("a buffer of %d elements is too large", n))
		}
	}
}

// textLength is how long a string is; 0 for what is none.
func textLength(v goja.Value) int64 {
	if s, ok := v.(goja.String); ok {
		return int64(s.Length())
	}
	return 0
}

// checkText is for functions that look for long at a text.
func checkText(rt *goja.Runtime, this goja.Value, _ []goja.Value) {
	if n := textLength(this); n > maxElements {
		tooMuch(rt, fmt.Sprintf("a text of %d characters is longer than %d", n, maxElements))
	}
}

// checkPattern is for expressions that are made of a text.
func checkPattern(rt *goja.Runtime, _ goja.Value, args []goja.Value) {
	if len(args) == 0 {
		return
	}
	pattern := args[0]
	if o, ok := pattern.(*goja.Object); ok {
		pattern = toPattern(o)
	}
	if n := textLength(pattern); n > maxPattern {
		tooMuch(rt, fmt.Sprintf("an expression of %d characters is longer than %d", n, maxPattern))
	}
}

func checkMatch(rt *goja.Runtime, this goja.Value, args []goja.Value) {
	checkText(rt, this, nil)
	checkPattern(rt, nil, args)
}

func checkSubject(rt *goja.Runtime, _ goja.Value, args []goja.Value) {
	if len(args) > 0 {
		checkText(rt, args[0], nil)
	}
}

func checkBytes(rt *goja.Runtime, n float64) {
	if n > maxBytes {
		tooMuch(rt, fmt.Sprintf("a text of %.0f characters is longer than %d", n, maxBytes))
	}
}

func checkRepeat(rt *goja.Runtime, this goja.Value, args []goja.Value) {
	if len(args) > 0 {
		checkBytes(rt, float64(textLength(this))*args[0].ToFloat())
	}
}

func checkPad(rt *goja.Runtime, _ goja.Value, args []goja.Value) {
	if len(args) > 0 {
		checkBytes(rt, args[0].ToFloat())
	}
}

func checkConcatTexts(rt *goja.Runtime, this goja.Value, args []goja.Value) {
	sum := textLength(this)
	for _, a := range args {
		sum += textLength(primitive(a, toText))
	}
	checkBytes(rt, float64(sum))
}

func checkSplit(rt *goja.Runtime, this goja.Value, args []goja.Value) {
	if textLength(this) <= maxElements {
		return
	}
	if len(args) > 0 {
		if by, ok := args[0].(goja.String); ok && by.Length() > 0 && strings.Count(this.String(), by.String()) < maxElements {
			return
		}
	}
	checkText(rt, this, nil)
}

// checkReplace reckons with the longest text that can come out: a "$" may stand for the whole text.
func checkReplace(rt *goja.Runtime, this goja.Value, args []goja.Value) {
	checkText(rt, this, nil)
	if len(args) < 2 {
		return
	}
	with, ok := args[1].(goja.String)
	if !ok {
		return // a function is a step of the script
	}
	length := textLength(this)
	each := float64(with.Length()) + float64(length)*float64(strings.Count(with.String(), "$"))
	matches := float64(length + 1)
	if what, ok := args[0].(goja.String); ok && what.Length() > 0 {
		matches = float64(strings.Count(this.String(), what.String()))
	}
	checkBytes(rt, float64(length)+matches*each)
}

func checkRaw(rt *goja.Runtime, _ goja.Value, args []goja.Value) {
	if len(args) == 0 {
		return
	}
	if o, ok := args[0].(*goja.Object); ok {
		checkJoined(rt, o.Get("raw"), 0)
	}
}

func checkJoin(rt *goja.Runtime, this goja.Value, args []goja.Value) {
	by := int64(1)
	if len(args) > 0 {
		by = textLength(args[0])
	}
	checkJoined(rt, this, by)
}

// checkJoined reckons how long the text of a list will be.
func checkJoined(rt *goja.Runtime, list goja.Value, by int64) {
	n := lengthOf(list)
	if n < 0 {
		return
	}
	checkLength(rt, list, nil)
	s := scale{rt: rt, most: maxBytes}
	s.weigh(list, 0)
	checkBytes(rt, float64(s.bytes)+float64(n*by))
}

func checkFlat(rt *goja.Runtime, this goja.Value, _ []goja.Value) {
	checkLength(rt, this, nil)
	s := scale{rt: rt}
	s.weigh(this, 0)
}

func checkStringify(rt *goja.Runtime, _ goja.Value, args []goja.Value) {
	if len(args) == 0 {
		return
	}
	s := scale{rt: rt, objects: true, most: maxBytes}
	if len(args) > 2 {
		s.indent = min(max(textLength(args[2]), args[2].ToInteger()), 10)
	}
	s.weigh(args[0], 0)
	checkBytes(rt, float64(s.bytes))
}

// checkParse refuses what is nested so deeply that the parser's stack would take the process down.
func checkParse(rt *goja.Runtime, _ goja.Value, args []goja.Value) {
	if len(args) == 0 {
		return
	}
	text := args[0].String()
	checkBytes(rt, float64(len(text)))
	depth, inText := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case inText && c == '\\':
			i++
		case c == '"':
			inText = !inText
		case inText:
		case c == '[' || c == '{':
			if depth++; depth > maxNested {
				tooMuch(rt, fmt.Sprintf("JSON that is nested deeper than %d", maxNested))
			}
		case c == ']' || c == '}':
			depth--
		}
	}
}
