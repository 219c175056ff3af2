package plugins

import (
	"fmt"
	"strconv"
	"time"

	"github.com/goccy/go-yaml"
	"google.golang.org/protobuf/types/known/timestamppb"

	basev1 "github.com/octolink/octolink/plugins/proto/base/v1"
)

// settingsObject makes a message of the settings of a manifest.
func settingsObject(in yaml.MapSlice) (*basev1.Object, error) {
	out := &basev1.Object{}
	for _, item := range in {
		v, err := setting(item.Value)
		if err != nil {
			return nil, fmt.Errorf("%v: %w", item.Key, err)
		}
		out.Fields = append(out.Fields, &basev1.Field{Key: fmt.Sprint(item.Key), Value: v})
	}
	return out, nil
}

func setting(v any) (*basev1.Value, error) {
	switch v := v.(type) {
	case nil:
		return &basev1.Value{}, nil
	case string:
		return &basev1.Value{Kind: &basev1.Value_Text{Text: v}}, nil
	case bool:
		return &basev1.Value{Kind: &basev1.Value_Truth{Truth: v}}, nil
	case int64:
		return &basev1.Value{Kind: &basev1.Value_Integer{Integer: v}}, nil
	case uint64:
		if v > 1<<63-1 {
			return &basev1.Value{Kind: &basev1.Value_Number{Number: strconv.FormatUint(v, 10)}}, nil
		}
		return &basev1.Value{Kind: &basev1.Value_Integer{Integer: int64(v)}}, nil
	case float64:
		return &basev1.Value{Kind: &basev1.Value_Real{Real: v}}, nil
	case time.Time:
		return &basev1.Value{Kind: &basev1.Value_Time{Time: timestamppb.New(v)}}, nil
	case []any:
		list := &basev1.List{}
		for _, item := range v {
			made, err := setting(item)
			if err != nil {
				return nil, err
			}
			list.Items = append(list.Items, made)
		}
		return &basev1.Value{Kind: &basev1.Value_List{List: list}}, nil
	case yaml.MapSlice:
		o, err := settingsObject(v)
		return &basev1.Value{Kind: &basev1.Value_Object{Object: o}}, err
	case map[string]any:
		o := &basev1.Object{}
		for key, item := range v {
			made, err := setting(item)
			if err != nil {
				return nil, err
			}
			o.Fields = append(o.Fields, &basev1.Field{Key: key, Value: made})
		}
		return &basev1.Value{Kind: &basev1.Value_Object{Object: o}}, nil
	}
	return nil, fmt.Errorf("a %T cannot be a setting", v)
}
