package core

import _ "embed"

//go:embed openapi.yaml
var openAPI []byte

// Contract is the contract with the business core as an OpenAPI 3.1 document in YAML.
func Contract() []byte { return append([]byte(nil), openAPI...) }
