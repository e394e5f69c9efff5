package template_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

var _ = Describe("the functions of sprig", func() {
	DescribeTable("yield",
		func(text, out string) { Expect(rendered(text)).To(Equal(out)) },
		Entry("texts in other letters", `{{ title "a b" }} {{ untitle "AB" }} {{ swapcase "aB" }} {{ camelcase "a_b" }} {{ kebabcase "aB" }} {{ snakecase "aB" }} {{ initials "a b" }}`, "A B aB Ab AB a-b a_b ab"),
		Entry("shorter texts", `{{ abbrev 5 "abcdefgh" }} {{ abbrevboth 5 10 "abcdefghijklmno" }} {{ trimall "-" "-a-" }}`, "ab... ...fghi... a"),
		Entry("longer texts", `{{ repeat 3 "ab" }} {{ indent 2 "a\nb" }} {{ nindent 2 "a\nb" }}`, "ababab   a\n  b \n  a\n  b"),
		Entry("an indented text that starts with a line", `{{ indent 2 "\na" }}|{{ nindent 1 "\na" }}`, "  \n  a|\n \n a"),
		Entry("lines", `{{ wrap 3 "aa bb cc" }} {{ wrapWith 3 "|" "aa bb cc" }}`, "aa\nbb\ncc aa|bb|cc"),
		Entry("texts in quotes", `{{ squote "a" 1 }} {{ quote "a" 1 "b\"" }} {{ cat "a" 1 "b" }}`, `'a' '1' "a" 1 "b\"" a 1 b`),
		Entry("texts with signs of percent", `{{ printf "100%% paid in %% 2026 %s" "a" }}`, "100% paid in % 2026 a"),
		Entry("one of two words", `{{ plural "token" "tokens" 2 }}`, "tokens"),
		Entry("base32 back", `{{ b32dec "NVSQ====" }} {{ adler32sum "a" }}`, "me 6422626"),
		Entry("lists", `{{ list 1 "a" }} {{ tuple 1 }} {{ append .list 1 }} {{ push .list 1 }} {{ prepend .list 1 }} {{ concat .list .scopes }}`, "[1 a] [1] [y x y 1] [y x y 1] [1 y x y] [y x y a b]"),
		Entry("parts of lists", `{{ first .list }} {{ last .list }} {{ rest .list }} {{ initial .list }} {{ reverse .scopes }} {{ slice .list 1 2 }} {{ mustSlice .list 1 }} {{ index .list 1 }}`, "y y [x y] [y x] [b a] [x] [x y] x"),
		Entry("items of lists", `{{ uniq .list }} {{ without .list "y" }} {{ has "x" .list }} {{ sortAlpha .list }} {{ compact (list "" 0 1) }} {{ chunk 2 .list }} {{ toStrings (list 1 2) }}`, "[y x] [x] true [x y y] [1] [[y x] [y]] [1 2]"),
		Entry("lists of a text, and back", `{{ splitList "," "a,b" }} {{ split "," "a,b" }} {{ splitn "," 2 "a,b,c" }} {{ (split "," "a,b")._1 }} {{ join "-" .list }} {{ join "-" (list 1 2) }} {{ join "," "a" }}`,
			"[a b] map[_0:a _1:b] map[_0:a _1:b,c] b y-x-y 1-2 a"),
		Entry("maps", `{{ dict "a" 1 }} {{ get .map "a" }} {{ get .map "x" }}|{{ hasKey .map "a" }} {{ keys .map }} {{ values .map }} {{ pick .map "a" }} {{ omit .map "b" }} {{ pluck "a" .map .map }}`,
			"map[a:1] x |true [a b] [x map[d:e]] map[a:x] map[a:x] [x x]"),
		Entry("members of maps", `{{ dig "b" "d" "none" .map }} {{ dig "b" "x" "none" .map }} {{ index .map "b" "d" }} {{ .map.b.d }}`, "e none e e"),
		Entry("other maps", `{{ set .map "a" "y" }} {{ unset .map "b" }} {{ .map }}`, "map[a:y b:map[d:e]] map[a:x] map[a:x b:map[d:e]]"),
		Entry("maps that are merged", `{{ merge (dict "a" 1) .map }} {{ mergeOverwrite (dict "a" 1 "c" 2) .map }} {{ merge .map (dict "b" (dict "f" 1)) }}`, "map[a:1 b:map[d:e]] map[a:x b:map[d:e] c:2] map[a:x b:map[d:e f:1]]"),
		Entry("sums and products", `{{ add 1 2 3 }} {{ add1 1 }} {{ sub 3 1 }} {{ mul 2 3 4 }} {{ div 7 2 }} {{ mod 7 2 }} {{ max 1 3 2 }} {{ biggest 1 2 }} {{ min 2 1 }}`, "6 2 2 24 3 1 3 2 1"),
		Entry("decimal numbers", `{{ addf 0.1 0.2 }} {{ add1f 0.5 }} {{ subf 0.3 0.1 }} {{ mulf 0.1 3 }} {{ divf 1 4 }} {{ maxf 1.5 2 }} {{ minf 1.5 2 }} {{ ceil 1.2 }} {{ floor 1.8 }} {{ round 1.256 2 }}`, "0.3 1.5 0.2 0.3 0.25 2 1.5 2 1 1.26"),
		Entry("numbers of texts", `{{ atoi "12" }} {{ int "12" }} {{ int64 "12" }} {{ float64 "1.5" }} {{ toDecimal "0777" }} {{ fromJson "12" | int64 | add 1 }} {{ toString 12 }}`, "12 12 12 1.5 511 13 12"),
		Entry("what is not empty", `{{ coalesce "" 0 "a" }} {{ all 1 "" }} {{ any 1 "" }}`, "a false true"),
		Entry("JSON", `{{ toRawJson "<" }} {{ toPrettyJson (dict "a" (list 1)) }} {{ fromJson "[1, \"a\"]" }} {{ fromJson "null" }} {{ (fromJson .account).list | first }} {{ list 1 | toJson }}`, "\"<\" {\n  \"a\": [\n    1\n  ]\n} [1 a] <no value> x [1]"),
		Entry("matches", `{{ regexMatch "^a+$" "aaa" }} {{ regexFind "a+" "baac" }} {{ regexFindAll "a" "aba" -1 }} {{ regexFindAll "a" "aba" 1 }} {{ regexSplit "," "a,b,c" 2 }} {{ regexSplit "," "a,b,c" -1 }}`, "true aa [a a] [a] [a b,c] [a b c]"),
		Entry("texts without their matches", `{{ regexReplaceAll "(a)b" "abab" "$1-" }} {{ regexReplaceAllLiteral "a" "aba" "$0" }} {{ regexQuoteMeta "a.b" }}`, `a-a- $0b$0 a\.b`),
		Entry("dates in UTC", `{{ toDate "2006-01-02" "2026-11-22" }} {{ toDate "Mon, 02 Jan 2006 15:04:05 MST" "Sun, 22 Nov 2026 10:00:00 GMT" }} {{ toDate "15:04 -0700" "10:00 +0100" }}`,
			"2026-11-22T00:00:00Z 2026-11-22T10:00:00Z 0000-01-01T10:00:00+01:00"),
		Entry("dates in other forms", `{{ unixEpoch "2026-11-22T10:00:00Z" }} {{ dateInZone "Mon, 02 Jan 2006 15:04:05 GMT" "2026-11-22T11:00:00+01:00" "UTC" }} {{ dateInZone "2006" (fromJson "0") "UTC" }} {{ dateInZone "2006" (int64 0) "UTC" }} {{ dateInZone "2006-01-02" "1795341600" "UTC" }}`,
			"1795341600 Sun, 22 Nov 2026 10:00:00 GMT 1970 1970 2026-11-22"),
		Entry("dates before and after", `{{ dateModify "-10m" "2026-11-22T10:00:00Z" }} {{ date_modify "1h" 0 }} {{ must_date_modify "1h" 0 }}`, "2026-11-22T09:50:00Z 1970-01-01T01:00:00Z 1970-01-01T01:00:00Z"),
		Entry("durations", `{{ duration "95" }} {{ durationRound "90m" }}`, "1m35s 1h"),
		Entry("parts of paths", `{{ base "a/b.c" }} {{ dir "a/b.c" }} {{ clean "a//b" }} {{ ext "a/b.c" }} {{ isAbs "/a" }}`, "b.c a a/b .c true"),
		Entry("parts of URLs", `{{ (urlParse "https://u:p@a.example:8/b?c=d#e").host }} {{ urlJoin (dict "scheme" "https" "host" "a.example" "path" "/b") }}`, "a.example:8 https://a.example/b"),
		Entry("versions", `{{ (semver "v1.2.3-a+b").Major }} {{ (semver "1.2.3-a+b").Prerelease }} {{ semverCompare ">=1.2" "1.3.0" }}`, "1 a true"),
		Entry("kinds", `{{ typeOf 1 }} {{ typeIs "string" "a" }} {{ typeIsLike "int" 1 }} {{ kindOf .list }} {{ kindIs "map" .map }} {{ deepEqual .list .list }} {{ deepCopy .list }}`, "int true true slice true true [y x y]"),
		Entry("the same with must before their names", `{{ mustToJson .list }} {{ mustFromJson "1" }} {{ mustUniq .list }} {{ mustFirst .list }} {{ mustRegexFind "a" "ba" }} {{ mustToDate "2006" "2026" }}`, `["y","x","y"] 1 [y x] y a 2026-01-01T00:00:00Z`),
	)

	It("take values of all kinds", func() {
		type named string
		Expect(renderedOver(`{{ list .a .b .c .d .e .f .g .h }}`, map[string]any{
			"a": int32(1), "b": uint8(2), "c": float32(0.5), "d": named("d"), "e": map[named]bool{"e": true}, "f": [1]int{3}, "g": nil, "h": uint64(4),
		})).To(Equal("[1 2 0.5 d map[e:true] [3] <nil> 4]"))
	})
})
