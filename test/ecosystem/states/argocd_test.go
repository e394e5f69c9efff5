package states_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	lua "github.com/yuin/gopher-lua"
)

// health is the health of an object in Argo CD.
type health struct{ Status, Message string }

// The health states of Argo CD. A script must return one of them.
const (
	healthy     = "Healthy"
	progressing = "Progressing"
	degraded    = "Degraded"
	suspended   = "Suspended"
)

// healthScript is the path of the script for all kinds.
var healthScript = filepath.Join(root, "config", "argocd", "health.lua")

// argoHealth runs the health script on an object, as Argo CD does: with only the libraries base, table
// and package, and for at most a second.
func argoHealth(object map[string]any) (health, error) {
	script, err := os.ReadFile(healthScript)
	if err != nil {
		return health{}, err
	}
	vm := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer vm.Close()
	for _, library := range []struct {
		name string
		open lua.LGFunction
	}{{lua.LoadLibName, lua.OpenPackage}, {lua.BaseLibName, lua.OpenBase}, {lua.TabLibName, lua.OpenTable}} {
		if err := vm.CallByParam(lua.P{Fn: vm.NewFunction(library.open), Protect: true}, lua.LString(library.name)); err != nil {
			return health{}, err
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	vm.SetContext(ctx)
	vm.SetGlobal("obj", luaValue(vm, object))
	if err := vm.DoString(string(script)); err != nil {
		return health{}, err
	}
	returned, ok := vm.Get(-1).(*lua.LTable)
	if !ok {
		return health{}, fmt.Errorf("%s returned a %s, not a table", healthScript, vm.Get(-1).Type())
	}
	return health{Status: lua.LVAsString(returned.RawGetString("status")), Message: lua.LVAsString(returned.RawGetString("message"))}, nil
}

// luaValue converts a value of a decoded JSON document.
func luaValue(vm *lua.LState, value any) lua.LValue {
	switch value := value.(type) {
	case bool:
		return lua.LBool(value)
	case string:
		return lua.LString(value)
	case int64:
		return lua.LNumber(value)
	case float64:
		return lua.LNumber(value)
	case []any:
		table := vm.NewTable()
		for _, item := range value {
			table.Append(luaValue(vm, item))
		}
		return table
	case map[string]any:
		table := vm.NewTable()
		for name, item := range value {
			table.RawSetString(name, luaValue(vm, item))
		}
		return table
	}
	return lua.LNil
}
