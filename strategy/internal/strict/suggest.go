package strict

import "strings"

// Suggest is "did you mean X?" for the known word nearest to the given one, empty when none is near.
func Suggest(word string, known []string) string {
	if near := nearest(word, known); near != "" {
		return "did you mean " + near + "?"
	}
	return ""
}

// nearest allows one letter in each three to be wrong, and two in a short word that begins alike.
func nearest(word string, known []string) string {
	if word == "" || len(word) > 40 {
		return ""
	}
	word = strings.ToLower(word)
	best, least := "", len(word)
	for _, k := range known {
		if apart := len(word) - len(k); max(apart, -apart) > max(2, len(word)/3) {
			continue
		}
		d := distance(word, k)
		near := d <= max(1, len(word)/3) || d == 2 && k != "" && word[0] == k[0]
		if near && d < least {
			best, least = k, d
		}
	}
	return best
}

// distance is the number of letters to add, drop, change or swap with the next one (optimal string alignment).
func distance(a, b string) int {
	var before, last []int
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		before, last, row = last, row, make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := last[j-1]
			if a[i-1] != b[j-1] {
				change++
			}
			row[j] = min(change, last[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
	}
	return row[len(b)]
}
