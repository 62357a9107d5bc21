package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"zlock/internal/plain"
)

// jsonOf turns a document that is JSON or YAML into JSON.
func jsonOf(text []byte) ([]byte, error) {
	if start := bytes.TrimLeft(bytes.TrimPrefix(text, []byte("\ufeff")), " \t\r\n"); len(start) > 0 && (start[0] == '{' || start[0] == '[') {
		return text, nil
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var document, more yaml.Node
	if err := decoder.Decode(&document); err != nil || len(document.Content) == 0 {
		if err == nil || err.Error() == "EOF" {
			return nil, fmt.Errorf("it is empty")
		}
		return nil, err
	}
	if decoder.Decode(&more) == nil {
		return nil, fmt.Errorf("it holds more than one document")
	}
	var b bytes.Buffer
	if err := writeNode(&b, document.Content[0]); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// writeNode writes a YAML node as JSON. Numbers keep their digits: an id of 19 digits is one too.
func writeNode(b *bytes.Buffer, node *yaml.Node) error {
	switch node.Kind {
	case yaml.MappingNode:
		return writeMapping(b, node)
	case yaml.SequenceNode:
		b.WriteByte('[')
		for i, item := range node.Content {
			if i > 0 {
				b.WriteByte(',')
			}
			if err := writeNode(b, item); err != nil {
				return err
			}
		}
		b.WriteByte(']')
		return nil
	case yaml.ScalarNode:
		return writeScalar(b, node)
	}
	return fmt.Errorf("line %d: anchors and aliases are not taken here", node.Line)
}

func writeMapping(b *bytes.Buffer, node *yaml.Node) error {
	seen := map[string]bool{}
	b.WriteByte('{')
	for i := 0; i+1 < len(node.Content); i += 2 {
		key := node.Content[i]
		if key.Kind != yaml.ScalarNode || key.Tag == "!!merge" {
			return fmt.Errorf("line %d: a key must be a word", key.Line)
		}
		if seen[key.Value] {
			return fmt.Errorf("line %d: %s stands twice", key.Line, key.Value)
		}
		seen[key.Value] = true
		if i > 0 {
			b.WriteByte(',')
		}
		if err := writeText(b, key.Value); err != nil {
			return err
		}
		b.WriteByte(':')
		if err := writeNode(b, node.Content[i+1]); err != nil {
			return err
		}
	}
	b.WriteByte('}')
	return nil
}

func writeScalar(b *bytes.Buffer, node *yaml.Node) error {
	switch node.ShortTag() {
	case "!!null":
		b.WriteString("null")
		return nil
	case "!!bool":
		b.WriteString(strings.ToLower(node.Value))
		return nil
	case "!!int", "!!float":
		if json.Valid([]byte(node.Value)) {
			b.WriteString(node.Value)
			return nil
		}
	}
	return writeText(b, node.Value)
}

func writeText(b *bytes.Buffer, text string) error {
	quoted, err := json.Marshal(text)
	b.Write(quoted)
	return err
}

// yamlOf turns JSON into YAML, keys in their order.
func yamlOf(text []byte) ([]byte, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	node, err := nodeOf(decoder)
	if err != nil {
		return nil, fmt.Errorf("write YAML: %w", err)
	}
	var b bytes.Buffer
	encoder := yaml.NewEncoder(&b)
	encoder.SetIndent(2)
	if err := encoder.Encode(node); err != nil {
		return nil, fmt.Errorf("write YAML: %w", err)
	}
	return escapeYAML(b.Bytes()), nil
}

// nodeOf reads the next JSON value as a YAML node.
func nodeOf(decoder *json.Decoder) (*yaml.Node, error) {
	token, err := decoder.Token()
	if err != nil {
		return nil, err
	}
	scalar := func(tag, text string) (*yaml.Node, error) {
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: text}, nil
	}
	switch v := token.(type) {
	case json.Delim:
		return listOf(decoder, v)
	case json.Number:
		if strings.ContainsAny(v.String(), ".eE") {
			return scalar("!!float", v.String())
		}
		return scalar("!!int", v.String())
	case bool:
		return scalar("!!bool", fmt.Sprint(v))
	case string:
		node := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: v}
		if strings.ContainsFunc(v, plain.Unsafe) {
			node.Style = yaml.DoubleQuotedStyle // within which it can be escaped
		}
		return node, nil
	}
	return scalar("!!null", "null")
}

// listOf reads the rest of an object or an array.
func listOf(decoder *json.Decoder, begin json.Delim) (*yaml.Node, error) {
	node := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
	if begin == '{' {
		node.Kind, node.Tag = yaml.MappingNode, "!!map"
	}
	for decoder.More() {
		item, err := nodeOf(decoder) // of an object: a key, or its value
		if err != nil {
			return nil, err
		}
		node.Content = append(node.Content, item)
	}
	if len(node.Content) == 0 {
		node.Style = yaml.FlowStyle
	}
	_, err := decoder.Token()
	return node, err
}

// escapeYAML spells out what could steer a terminal. It stands only within double quotes.
func escapeYAML(text []byte) []byte {
	var b bytes.Buffer
	for _, r := range string(text) {
		if r != '\n' && plain.Unsafe(r) {
			fmt.Fprintf(&b, `\U%08x`, r)
			continue
		}
		b.WriteRune(r)
	}
	return b.Bytes()
}
