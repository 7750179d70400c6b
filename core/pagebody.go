package core

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
)

// pageBody hands on a page's bytes and checks them as they pass. The error comes with the last bytes at the
// latest, in place of io.EOF; from then on every Read fails.
type pageBody struct {
	src   io.ReadCloser
	page  *Page
	limit int64
	size  int64
	hash  hash.Hash
	scan  arrowScan
	err   error
	fail  func(error) error // dresses a fault for the caller
}

func newPageBody(src io.ReadCloser, page *Page, limit int64, fail func(error) error) *pageBody {
	return &pageBody{src: src, page: page, limit: limit, hash: sha256.New(), fail: fail}
}

// Read implements io.Reader.
func (b *pageBody) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	n, err := b.src.Read(p)
	b.size += int64(n)
	b.hash.Write(p[:n])
	_, scanErr := b.scan.Write(p[:n])
	switch {
	case scanErr != nil:
		b.err = b.fail(scanErr)
		return 0, b.err // what claims nonsense is not handed on
	case b.size > b.limit:
		b.err = b.fail(fmt.Errorf("page is larger than %d bytes", b.limit))
	case errors.Is(err, io.EOF):
		b.err = io.EOF
		if fault := b.verify(); fault != nil {
			b.err = b.fail(fault)
		}
	case err != nil:
		b.err = b.fail(err)
	}
	return n, b.err
}

// verify compares what came with what was announced.
func (b *pageBody) verify() error {
	if err := b.scan.End(); err != nil {
		return err
	}
	if b.scan.rows != b.page.Rows {
		return fmt.Errorf("page holds %d rows, announced %d", b.scan.rows, b.page.Rows)
	}
	if got := hex.EncodeToString(b.hash.Sum(nil)); got != b.page.SHA {
		return fmt.Errorf("page has SHA-256 %s, announced %s", got, b.page.SHA)
	}
	return nil
}

// Close implements io.Closer; it does not read on.
func (b *pageBody) Close() error { return b.src.Close() }
