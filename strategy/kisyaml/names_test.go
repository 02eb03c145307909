package kisyaml

// IDs is every indicator of the catalogue, for tests.
func IDs() []string { return specIDs() }

// Outputs is the outputs of an indicator, for tests.
func Outputs(id string) []string {
	s, _ := lookup(id)
	return s.outputList()
}
