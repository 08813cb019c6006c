package dev.kapal.cli.template;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class TemplateTest {
  private static Struct data() {
    Map<String, Object> ports = new LinkedHashMap<>();
    ports.put("80/tcp", List.of(new Struct().with("HostIp", "0.0.0.0").with("HostPort", "8080")));
    ports.put("443/tcp", List.of());
    Function label = arguments -> "label of " + arguments.getFirst();
    return new Struct()
        .with("Name", "/web")
        .with("N", 42L)
        .with("Zero", 0L)
        .with("Ratio", 1.5)
        .with("On", true)
        .with("Off", false)
        .with("Empty", "")
        .withNull("Nothing")
        .with("List", List.of("a", "b", "c"))
        .with("Labels", new LinkedHashMap<>(Map.of("x.y", "1")))
        .with("State", new Struct().with("Status", "running").with("Pid", 7L))
        .with("Ports", ports)
        .with("Label", label);
  }

  private static void gives(String template, String expected) {
    assertThat(Template.parse(template).apply(data())).as(template).isEqualTo(expected);
  }

  private static void fails(String template, String message) {
    assertThatThrownBy(() -> Template.parse(template).apply(data()))
        .as(template)
        .isInstanceOf(TemplateException.class)
        .hasMessageContaining(message);
  }

  @Test
  void fieldsVariablesAndPipelines() {
    gives("{{.Name}} is {{.State.Status}}", "/web is running");
    gives("{{json .State}}", "{\"Status\":\"running\",\"Pid\":7}");
    gives("{{.State | json}}", "{\"Status\":\"running\",\"Pid\":7}");
    gives("{{.Name | printf \"%s-%d\" \"x\" | upper}}", "X-%!D(/WEB)");
    gives("{{$x := .N}}{{$x}} {{$.Name}}", "42 /web");
    gives("{{with $s := .State}}{{$s.Status}} {{.Pid}}{{end}}", "running 7");
    gives("{{$x := 1}}{{if .On}}{{$x = 2}}{{end}}{{$x}}", "2");
    gives("{{(index .Ports \"80/tcp\" 0).HostPort}}", "8080");
    gives("{{(index (index .Ports \"80/tcp\") 0).HostPort}}", "8080");
    gives("{{index .Labels \"x.y\"}}", "1");
    gives("{{.Labels.none}}", "<no value>");
    gives("{{.Label \"team\"}}", "label of team");
    gives("{{.Nothing}}", "<no value>");
    gives("{{.}}".replace(".}", ".List}"), "[a b c]");
    gives("{{.Labels}}", "map[x.y:1]");
    gives("{{.Ratio}} {{.On}}", "1.5 true");
  }

  @Test
  void branchesAndLoops() {
    gives("{{if .On}}yes{{else}}no{{end}}", "yes");
    gives("{{if .Empty}}a{{else if eq .N 42}}b{{else}}c{{end}}", "b");
    gives("{{if and .On (not .Off) (gt .N 1)}}x{{end}}", "x");
    gives("{{or .Empty .Nothing \"last\"}}", "last");
    gives("{{and .Off (index .List 99)}}", "false");
    gives("{{range .List}}<{{.}}>{{end}}", "<a><b><c>");
    gives("{{range $i, $e := .List}}{{if $i}},{{end}}{{$i}}={{$e}}{{end}}", "0=a,1=b,2=c");
    gives("{{range $k, $v := .Ports}}{{$k}}:{{len $v}} {{end}}", "443/tcp:0 80/tcp:1 ");
    gives("{{range .Nothing}}x{{else}}none{{end}}", "none");
    gives("{{range .List}}{{if eq . \"b\"}}{{break}}{{end}}{{.}}{{end}}", "a");
    gives("{{range .List}}{{if eq . \"b\"}}{{continue}}{{end}}{{.}}{{end}}", "ac");
    gives("{{with .Empty}}x{{else}}y{{end}}", "y");
  }

  @Test
  void spacesCommentsAndQuotes() {
    gives("a \n {{- .N -}} \n b", "a42b");
    gives("{{/* a }} comment */}}x", "x");
    gives("{{\"}}\"}}{{`raw\\n`}}", "}}raw\\n");
    gives("{{\"a\\tb\\u00e9\\x41\"}}", "a\tbéA");
    gives("{{ -1 }}{{ 0x10 }}{{'a'}}", "-11697");
  }

  @Test
  void functions() {
    gives(
        "{{join .List \"-\"}} {{len .List}} {{upper \"a\"}} {{title \"ab cd\"}}",
        "a-b-c 3 A Ab Cd");
    gives("{{split \"a,b\" \",\" | json}}", "[\"a\",\"b\"]");
    gives(
        "{{printf \"%5s|%-5s|%05d|%q|%v|%t|%x|%.1f|%%\" \"a\" \"b\" 7 \"c\\n\" .List true 255 1.25}}",
        "    a|b    |00007|\"c\\n\"|[a b c]|true|ff|1.3|%");
    gives("{{println .N \"x\"}}", "42 x\n");
    gives("{{print 1 2 \"x\" 3}}", "1 2x3");
    gives("{{slice \"abcdef\" 1 3}} {{truncate \"abcdef\" 2}}{{pad \"x\" 1 1}}.", "bc ab x .");
    gives("{{eq .N 1 42}} {{ne .N 1}} {{le 1 1}} {{lt \"a\" \"b\"}}", "true true true true");
    gives("{{html \"<a>\"}} {{urlquery \"a b\"}}", "&lt;a&gt; a+b");
  }

  @Test
  void mistakesAreNamed() {
    fails("{{.Nam", "unclosed action");
    fails("{{.Bogus}}", "can't evaluate field Bogus");
    fails("{{.name}}", "did you mean Name?");
    fails("{{bogus .N}}", "function \"bogus\" not defined");
    fails("{{if .N}}", "no {{end}}");
    fails("{{end}}", "unexpected {{end}}");
    fails("{{range .N}}{{else}}{{else}}{{end}}", "unexpected {{else}}");
    fails("{{$x}}", "undefined variable");
    fails("{{index .List 9}}", "out of range");
    fails("{{\"abc}}", "unclosed action");
    fails("{{.N 1}}", "can't give an argument");
    fails("{{template \"x\"}}", "not supported");
    fails("{{break}}", "outside");
    fails("{{len .N}}", "has no length");
    fails("{{(.N}}", "unclosed (");
    fails("{{}}", "missing value");
    fails("{{range $i := 4000000}}{{range $j := 4000000}}x{{end}}{{end}}", "too long");
    fails("{{if 1}}".repeat(200), "nests deeper");
    fails("{{" + "(".repeat(200) + "1", "unclosed action");
    fails("{{" + "(".repeat(200) + "1}}", "nests deeper");
  }

  @Test
  void onlyItsOwnExceptionLeaves() {
    String[] pieces = {
      "{{",
      "}}",
      "{{-",
      "-}}",
      " ",
      ".",
      "Name",
      ".List",
      "$x",
      ":=",
      "=",
      "|",
      "(",
      ")",
      "range ",
      "if ",
      "else",
      "end",
      "with ",
      "\"a\"",
      "`b`",
      "'c'",
      "1",
      "-2.5",
      ",",
      "printf ",
      "\"%5q %d\"",
      "index ",
      "len ",
      "json ",
      "/*",
      "*/",
      "\\",
      "é",
      "\n",
      "and ",
      "or ",
      "not ",
      "eq ",
      "slice "
    };
    Random random = new Random(11);
    int worked = 0;
    for (int n = 0; n < 30_000; n++) {
      StringBuilder text = new StringBuilder();
      for (int k = random.nextInt(14); k >= 0; k--) {
        text.append(pieces[random.nextInt(pieces.length)]);
      }
      try {
        Template.parse(text.toString()).apply(data());
        worked++;
      } catch (TemplateException e) {
        assertThat(e.getMessage()).isNotBlank();
      }
    }
    assertThat(worked).isGreaterThan(300);
  }

  @Test
  void headingsPassThroughWhatDecorates() {
    Struct heads = new Struct().with("Names", "NAMES").with("ID", "CONTAINER ID");
    assertThat(Template.parse("{{upper .Names}}\t{{json .ID}}").heading(heads))
        .isEqualTo("NAMES\tCONTAINER ID");
  }
}
