// Package maemae holds the files that the program ships: the strategy file and the configuration it starts people
// with. It does nothing.
package maemae

import _ "embed" // the files are the package

// Strategies is strategies.yaml.
//
//go:embed strategies.yaml
var Strategies string

// ConfigExample is config.yaml.example.
//
//go:embed config.yaml.example
var ConfigExample string
