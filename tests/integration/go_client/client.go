// Read a log's folder with the Go project's own client code (golang.org/x/mod/sumdb: note and tlog), and say whether it
// is accepted: the checkpoint's signature, every entry, every tile, inclusion and consistency proofs, and proof files.
//
//	client FOLDER VKEY [PROOF ENTRY]...
//
// Paths and bundles are those of C2SP tlog-tiles: no tile height in the path, entries with a length of two bytes each.
package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height, width = 8, 256

func check(err error, what string) {
	if err != nil {
		fmt.Printf("refused: %s: %v\n", what, err)
		os.Exit(1)
	}
}

// tiles reads hashes from the folder; what it reads is verified by tlog before it is used.
type tiles struct{ folder string }

func (t tiles) Height() int { return height }

func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}

func (t tiles) ReadTiles(asked []tlog.Tile) ([][]byte, error) {
	found := make([][]byte, len(asked))
	for i, tile := range asked {
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		content, err := os.ReadFile(filepath.Join(t.folder, path))
		if err != nil {
			return nil, err
		}
		found[i] = content
	}
	return found, nil
}

// open verifies a checkpoint, and returns the tree that it is about.
func open(message []byte, verifier note.Verifier) tlog.Tree {
	opened, err := note.Open(message, note.VerifierList(verifier))
	check(err, "checkpoint")
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 4 || lines[0] != verifier.Name() {
		check(fmt.Errorf("expected the origin %s and three lines", verifier.Name()), "checkpoint")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	check(err, "size")
	root, err := tlog.ParseHash(lines[2])
	check(err, "root")
	return tlog.Tree{N: size, Hash: root}
}

// bundle returns the entries of one bundle.
func bundle(folder string, tree tlog.Tree, n int64) [][]byte {
	tile := tlog.Tile{H: height, L: 0, N: n, W: width}
	if left := tree.N - n*width; left < width {
		tile.W = int(left)
	}
	path := strings.Replace(tile.Path(), "tile/8/0/", "tile/entries/", 1)
	content, err := os.ReadFile(filepath.Join(folder, path))
	check(err, "entries")
	var found [][]byte
	for len(content) > 0 {
		if len(content) < 2 || len(content)-2 < int(binary.BigEndian.Uint16(content)) {
			check(fmt.Errorf("%s is cut", path), "entries")
		}
		end := 2 + int(binary.BigEndian.Uint16(content))
		found, content = append(found, content[2:end]), content[end:]
	}
	if len(found) != tile.W {
		check(fmt.Errorf("%s holds %d entries, not %d", path, len(found), tile.W), "entries")
	}
	return found
}

// entries compares every entry with the leaf hash that the tiles hold of it, and proves those at the borders of tiles.
func entries(folder string, tree tlog.Tree, reader tlog.HashReader) {
	for n := int64(0); n*width < tree.N; n++ {
		var places []int64
		held := bundle(folder, tree, n)
		for i := range held {
			places = append(places, tlog.StoredHashIndex(0, n*width+int64(i)))
		}
		hashes, err := reader.ReadHashes(places)
		check(err, "tiles")
		for i, entry := range held {
			index := n*width + int64(i)
			if tlog.RecordHash(entry) != hashes[i] {
				check(fmt.Errorf("entry %d is not the one that the tiles hold", index), "entries")
			}
			if i == 0 || i == len(held)-1 {
				proof, err := tlog.ProveRecord(tree.N, index, reader)
				check(err, "inclusion proof")
				check(tlog.CheckRecord(proof, tree.N, tree.Hash, index, hashes[i]), "inclusion proof")
			}
		}
	}
}

// histories proves that the tree continues each smaller one at a border of tiles.
func histories(tree tlog.Tree, reader tlog.HashReader) {
	for _, old := range []int64{1, 2, 255, 256, 257, 65535, 65536, 65537, tree.N - 1} {
		if old < 1 || old >= tree.N {
			continue
		}
		root, err := tlog.TreeHash(old, reader)
		check(err, "earlier root")
		proof, err := tlog.ProveTree(tree.N, old, reader)
		check(err, "consistency proof")
		check(tlog.CheckTree(proof, tree.N, tree.Hash, old, root), "consistency proof")
	}
}

// proofFile checks an entry by a .tlog-proof alone.
func proofFile(path, entryPath string, verifier note.Verifier) {
	content, err := os.ReadFile(path)
	check(err, "proof file")
	entry, err := os.ReadFile(entryPath)
	check(err, "entry")
	head, message, _ := bytes.Cut(content, []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	if lines[0] != "c2sp.org/tlog-proof@v1" || len(lines) < 2 || !strings.HasPrefix(lines[1], "index ") {
		check(fmt.Errorf("%q", lines), "proof file")
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[1], "index "), 10, 64)
	check(err, "proof file")
	var proof tlog.RecordProof
	for _, line := range lines[2:] {
		hash, err := tlog.ParseHash(line)
		check(err, "proof file")
		proof = append(proof, hash)
	}
	tree := open(message, verifier)
	check(tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(entry)), "proof file")
}

func main() {
	folder, vkey := os.Args[1], os.Args[2]
	verifier, err := note.NewVerifier(vkey)
	check(err, "verifier key")
	message, err := os.ReadFile(filepath.Join(folder, "checkpoint"))
	check(err, "checkpoint")
	tree := open(message, verifier)
	reader := tlog.TileHashReader(tree, tiles{folder})
	root, err := tlog.TreeHash(tree.N, reader)
	check(err, "root")
	if root != tree.Hash {
		check(fmt.Errorf("the tiles hash to %v", root), "root")
	}
	entries(folder, tree, reader)
	histories(tree, reader)
	for i := 3; i+1 < len(os.Args); i += 2 {
		proofFile(os.Args[i], os.Args[i+1], verifier)
	}
	fmt.Printf("accepted %s %d\n", verifier.Name(), tree.N)
}
