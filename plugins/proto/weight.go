package proto

import basev1 "github.com/octolink/octolink/plugins/proto/base/v1"

// Weight is about the bytes of values, texts and something for each of them; it costs less than their
// exact size.
func Weight(o *basev1.Object) int {
	sum := 0
	for _, f := range o.GetFields() {
		sum += len(f.GetKey()) + valueWeight(f.GetValue())
	}
	return sum
}

func valueWeight(v *basev1.Value) int {
	switch k := v.GetKind().(type) {
	case *basev1.Value_Text:
		return len(k.Text) + 16
	case *basev1.Value_Number:
		return len(k.Number) + 16
	case *basev1.Value_Object:
		return Weight(k.Object) + 16
	case *basev1.Value_List:
		sum := 16
		for _, item := range k.List.GetItems() {
			sum += valueWeight(item)
		}
		return sum
	}
	return 16
}
