package alerts_test

import (
	"encoding/json"
	"regexp"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/util/sets"
)

// dashboard holds the fields of a dashboard that the tests use.
type dashboard struct {
	UID           string  `json:"uid"`
	Title         string  `json:"title"`
	SchemaVersion int     `json:"schemaVersion"`
	Panels        []panel `json:"panels"`
	Templating    struct {
		List []variable `json:"list"`
	} `json:"templating"`
}

type panel struct {
	ID          int        `json:"id"`
	Type        string     `json:"type"`
	Title       string     `json:"title"`
	Description string     `json:"description"`
	Datasource  datasource `json:"datasource"`
	GridPos     gridPos    `json:"gridPos"`
	Targets     []struct {
		RefID      string     `json:"refId"`
		Expr       string     `json:"expr"`
		Datasource datasource `json:"datasource"`
	} `json:"targets"`
}

type datasource struct {
	Type string `json:"type"`
	UID  string `json:"uid"`
}

type gridPos struct{ X, Y, W, H int }

func (a gridPos) overlaps(b gridPos) bool {
	return a.X < b.X+b.W && b.X < a.X+a.W && a.Y < b.Y+b.H && b.Y < a.Y+a.H
}

type variable struct {
	Name       string `json:"name"`
	Type       string `json:"type"`
	Definition string `json:"definition"`
}

func grafana() dashboard {
	GinkgoHelper()
	var board dashboard
	Expect(json.Unmarshal(read("config", "grafana", "dashboard.json"), &board)).To(Succeed())
	return board
}

// asPrometheusGetsIt returns the query that Grafana sends: its variable is replaced with an interval.
func asPrometheusGetsIt(query string) string {
	return strings.ReplaceAll(query, "$__rate_interval", "5m")
}

var _ = Describe("The dashboard", func() {
	prometheus := datasource{Type: "prometheus", UID: "${datasource}"}

	It("queries only metrics that the operator exports", func() {
		known := vocabulary{exported(), values()}
		for _, panel := range grafana().Panels {
			for _, target := range panel.Targets {
				Expect(known.faults(asPrometheusGetsIt(target.Expr))).To(BeEmpty(), panel.Title)
			}
		}
	})

	It("shows every metric of the operator", func() {
		var queries strings.Builder
		for _, panel := range grafana().Panels {
			for _, target := range panel.Targets {
				queries.WriteString(target.Expr + "\n")
			}
		}
		for series := range exported() {
			if name, own := strings.CutPrefix(series, "tokensync_"); own {
				name = regexp.MustCompile("_(bucket|sum|count)$").ReplaceAllString(name, "")
				Expect(queries.String()).To(ContainSubstring("tokensync_" + name))
			}
		}
	})

	It("has variables for the data source and the namespace", func() {
		var names []string
		for _, variable := range grafana().Templating.List {
			names = append(names, variable.Name)
			if variable.Type != "query" {
				continue
			}
			parts := regexp.MustCompile(`^label_values\((\w+), (\w+)\)$`).FindStringSubmatch(variable.Definition)
			Expect(parts).To(HaveLen(3), variable.Definition)
			Expect(exported()).To(HaveKeyWithValue(parts[1], HaveKey(parts[2])))
		}
		Expect(names).To(ConsistOf("datasource", "namespace"))
	})

	It("shows only ClientCredentials of the selected namespaces", func() {
		selector := regexp.MustCompile(`tokensync_clientcredential_\w+(\{[^}]*\})?`)
		for _, panel := range grafana().Panels {
			for _, target := range panel.Targets {
				for _, found := range selector.FindAllString(target.Expr, -1) {
					Expect(found).To(ContainSubstring(`namespace=~"$namespace"`), panel.Title)
				}
			}
		}
	})

	It("has panels that do not overlap, with a title and a description", func() {
		board := grafana()
		Expect(board.UID).NotTo(BeEmpty())
		Expect(board.Title).To(Equal("tokensync"))
		Expect(board.SchemaVersion).To(BeNumerically(">=", 39))
		ids := sets.New[int]()
		for i, panel := range board.Panels {
			Expect(ids.Has(panel.ID)).To(BeFalse(), panel.Title)
			ids.Insert(panel.ID)
			Expect(panel.GridPos.X+panel.GridPos.W).To(BeNumerically("<=", 24), panel.Title)
			for _, other := range board.Panels[:i] {
				Expect(panel.GridPos.overlaps(other.GridPos)).To(BeFalse(), "%s and %s", panel.Title, other.Title)
			}
			if panel.Type == "row" {
				continue
			}
			Expect(panel.Type).To(BeElementOf("stat", "table", "timeseries"), panel.Title)
			Expect(panel.Title).NotTo(BeEmpty())
			Expect(panel.Description).To(HaveSuffix("."), panel.Title)
			Expect(panel.Datasource).To(Equal(prometheus), panel.Title)
			Expect(panel.Targets).NotTo(BeEmpty(), panel.Title)
			refs := sets.New[string]()
			for _, target := range panel.Targets {
				Expect(target.Datasource).To(Equal(prometheus), panel.Title)
				Expect(refs.Has(target.RefID)).To(BeFalse(), panel.Title)
				refs.Insert(target.RefID)
			}
		}
	})
})
