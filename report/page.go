package report

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"strings"
)

//go:embed page.html
var pageHTML string

//go:embed page.css
var pageCSS string

//go:embed page.js
var pageJS string

// WriteHTML writes the account as one page that needs nothing beside itself. It holds the first rows
// of the run, at most most and at most MostRows; they are read from src once more.
func (a *Account) WriteHTML(ctx context.Context, w io.Writer, src Source, most int64) error {
	page, err := template.New("page").Parse(pageHTML)
	if err != nil {
		return fmt.Errorf("write page: %w", err)
	}
	v, err := a.view(min(most, MostRows))
	if err != nil {
		return fmt.Errorf("write page: %w", err)
	}
	if err := page.ExecuteTemplate(w, "head", v); err != nil {
		return fmt.Errorf("write page: %w", err)
	}
	return a.writeData(ctx, w, src, min(most, MostRows))
}

// writeData writes the rows as a script that no browser runs, and the one that it does run.
func (a *Account) writeData(ctx context.Context, w io.Writer, src Source, most int64) error {
	if _, err := io.WriteString(w, `<script type="application/json" id="data">`); err != nil {
		return fmt.Errorf("write page: %w", err)
	}
	if err := writeRows(w, src.Rows(ctx, a.Run.ID, nil), most); err != nil {
		return fmt.Errorf("write page: %w", err)
	}
	if _, err := fmt.Fprintf(w, "</script>\n<script>%s</script>\n</body>\n</html>\n", pageJS); err != nil {
		return fmt.Errorf("write page: %w", err)
	}
	return nil
}

// policy is the page's content security policy: our script and our style, by their hashes, and
// nothing else from anywhere.
func policy() string {
	return strings.Join([]string{
		"default-src 'none'", "script-src " + hashSource(pageJS), "style-src " + hashSource(pageCSS),
		"base-uri 'none'", "form-action 'none'", "require-trusted-types-for 'script'", "trusted-types 'none'",
	}, "; ")
}

func hashSource(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}
