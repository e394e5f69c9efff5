package template

import "text/template"

// decimalWork is what these functions cost, times the square of how many numbers
// they are given: they calculate with all digits that there are.
const decimalWork = 1 << 10

func (m *meter) numbers() template.FuncMap {
	add := hermetic["addf"].(func(...any) float64)
	chosen := template.FuncMap{
		"addf": func(numbers ...any) (float64, error) {
			if err := m.spend(len(numbers) * len(numbers) * decimalWork); err != nil {
				return 0, err
			}
			return add(numbers...), nil
		},
	}
	for _, name := range []string{"subf", "mulf", "divf"} {
		calculate := hermetic[name].(func(any, ...any) float64)
		chosen[name] = func(first any, more ...any) (float64, error) {
			if err := m.spend(len(more) * len(more) * decimalWork); err != nil {
				return 0, err
			}
			return calculate(first, more...), nil
		}
	}
	return chosen
}
