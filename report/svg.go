package report

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
)

// tame rewrites what the drawing library made into an SVG element for the page: only elements and
// attributes that are known go in, styles become attributes (the page's policy forbids styles of
// elements), and inks become classes.
func tame(r io.Reader, label string) (string, error) {
	decoder := xml.NewDecoder(r)
	var out strings.Builder
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return out.String(), nil
		}
		if err == nil {
			err = tameToken(&out, token, label)
		}
		if err != nil {
			return "", fmt.Errorf("read drawing: %w", err)
		}
	}
}

func tameToken(out *strings.Builder, token xml.Token, label string) error {
	switch token := token.(type) {
	case xml.StartElement:
		return tameStart(out, token, label)
	case xml.EndElement:
		out.WriteString("</" + token.Name.Local + ">")
	case xml.CharData:
		return xml.EscapeText(out, token)
	}
	return nil // a declaration or a comment
}

// shapes are the elements that are let through, with their attributes.
func shapes() map[string][]string {
	return map[string][]string{
		"svg": {"viewBox"}, "g": {"transform"}, "path": {"d"}, "text": {"x", "y", "transform"},
	}
}

// drawingValue is what an attribute of a drawing may hold: numbers, and the letters of paths and
// of transformations.
var drawingValue = regexp.MustCompile(`^[-+0-9A-Za-z.,() \n]*$`)

func tameStart(out *strings.Builder, e xml.StartElement, label string) error {
	known, ok := shapes()[e.Name.Local]
	if !ok {
		return fmt.Errorf("an element %q", e.Name.Local)
	}
	out.WriteString("<" + e.Name.Local)
	if e.Name.Local == "svg" {
		out.WriteString(` class="chart" role="img"`)
		writeAttribute(out, "aria-label", label)
	}
	for _, a := range e.Attr {
		switch {
		case a.Name.Local == "style":
			if err := tameStyle(out, a.Value); err != nil {
				return err
			}
		case !slices.Contains(known, a.Name.Local): // sizes and name spaces: the page knows better
		case !drawingValue.MatchString(a.Value):
			return fmt.Errorf("%s holds %q", a.Name.Local, a.Value)
		default:
			writeAttribute(out, a.Name.Local, a.Value)
		}
	}
	out.WriteString(">")
	return nil
}

// tameStyle writes a style's declarations as attributes, and its inks as classes. Fonts are the page's.
func tameStyle(out *strings.Builder, style string) error {
	var classes []string
	for declaration := range strings.SplitSeq(style, ";") {
		name, value, _ := strings.Cut(declaration, ":")
		switch {
		case (name == "fill" || name == "stroke") && value != "none":
			class, err := inkClass(name, value)
			if err != nil {
				return err
			}
			classes = append(classes, class)
		case slices.Contains([]string{"fill", "stroke", "stroke-width", "stroke-dasharray", "stroke-dashoffset", "font-size"}, name):
			if !drawingValue.MatchString(value) {
				return fmt.Errorf("%s holds %q", name, value)
			}
			writeAttribute(out, name, value)
		}
	}
	if len(classes) > 0 {
		writeAttribute(out, "class", strings.Join(classes, " "))
	}
	return nil
}

func inkClass(property, value string) (string, error) {
	for _, i := range inks() {
		if strings.EqualFold(value, fmt.Sprintf("#%02x%02x%02x", i.rgb.R, i.rgb.G, i.rgb.B)) {
			return property + "-" + i.name, nil
		}
	}
	return "", fmt.Errorf("a colour %q", value)
}

func writeAttribute(out *strings.Builder, name, value string) {
	out.WriteString(" " + name + `="`)
	_ = xml.EscapeText(out, []byte(value)) // a Builder takes everything
	out.WriteString(`"`)
}
