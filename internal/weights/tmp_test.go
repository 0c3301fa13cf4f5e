package weights
import ("testing";"fmt";"bytes";"runtime";"strings";"encoding/binary";"io")
func mk(h string) []byte { b:=binary.LittleEndian.AppendUint64(nil,uint64(len(h))); return append(b,h...) }
type only struct{io.Reader}
func TestTmp(t *testing.T){
 var m strings.Builder
 for _,n:=range []int{10,100,1000,3000,10000,30000,100000,300000,500000}{
 for kind:=0;kind<3;kind++{
 m.Reset()
 if kind==0 { m.WriteString(`{"__metadata__":{`)
 for i:=0;i<n;i++{ if i>0{m.WriteByte(',')}; fmt.Fprintf(&m,`"%x":""`,i)}
 m.WriteString("}}") } else if kind==1 {
 m.WriteString(`{`)
 for i:=0;i<n;i++{ if i>0{m.WriteByte(',')}; fmt.Fprintf(&m,`"%x":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}`,i)}
 m.WriteString("}") } else {
 m.WriteString(`{`)
 for i:=0;i<n;i++{ if i>0{m.WriteByte(',')}; fmt.Fprintf(&m,`"%x":{"dtype":"F32","shape":[0,0,0,0,0,0,0,0],"data_offsets":[0,0]}`,i)}
 m.WriteString("}") }
 b:=mk(m.String())
 var a,z runtime.MemStats
 runtime.ReadMemStats(&a)
 _,err:=Read(only{bytes.NewReader(b)},1<<40)
 runtime.ReadMemStats(&z)
 t.Log(kind,n,len(b),err,float64(z.TotalAlloc-a.TotalAlloc)/float64(len(b)))
 }}
}
