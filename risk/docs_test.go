package risk

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

func TestTheTableInTheDocumentsIsTheGates(t *testing.T) {
	page, err := os.ReadFile("../docs/ORDERS.md")
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, r := range Rules() {
		kind, exits := "fact", "yes"
		if r.Limit {
			kind, exits = "limit", "no"
		}
		want = append(want, fmt.Sprintf("| `%s` | %s | yes | %s | %s |", r.Name, kind, exits, r.Text))
	}
	got := regexp.MustCompile("(?m)^\\| `[a-z_]+` \\|.*$").FindAllString(string(page), -1)
	if g, w := strings.Join(got, "\n"), strings.Join(want, "\n"); g != w {
		t.Errorf("docs/ORDERS.md has\n%s\nthe gate has\n%s", g, w)
	}
}
