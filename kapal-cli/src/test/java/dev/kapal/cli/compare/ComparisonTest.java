package dev.kapal.cli.compare;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kapal.cli.compare.Comparison.HostFacts;
import dev.kapal.cli.compare.Comparison.Measured;
import dev.kapal.cli.compare.Comparison.Unusable;
import dev.kapal.cli.output.Json;
import dev.kapal.linux.Device;
import dev.kapal.linux.ProcessInfo;
import java.io.StringReader;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

final class ComparisonTest {
  private static Measured measured(String name, String tier, double start, double syscall) {
    Map<Metric, Double> values = new EnumMap<>(Metric.class);
    for (Metric metric : Metric.values()) {
      values.put(metric, 1e6);
    }
    values.put(Metric.START, start);
    values.put(Metric.SYSCALL, syscall);
    return new Measured(name, tier, name + " version 1", "6.1", values, Map.of());
  }

  private static Comparison comparison(Measured... measured) {
    return new Comparison(
        new HostFacts("ship", "6.18", "amd64", 2, 8L << 30),
        "localhost/busybox:latest",
        5,
        Instant.parse("2026-11-01T10:00:00Z"),
        List.of(measured),
        List.of(new Unusable("crun", "native", "it is <b>old</b>", "take \"another\"")));
  }

  @Test
  void valuesAreWrittenForPeople() {
    assertThat(Metric.START.text(0.0123)).isEqualTo("12 ms");
    assertThat(Metric.START.text(2.5)).isEqualTo("2.5 s");
    assertThat(Metric.SYSCALL.text(85e-9)).isEqualTo("85 ns");
    assertThat(Metric.SYSCALL.text(2.34e-6)).isEqualTo("2.3 µs");
    assertThat(Metric.MEMORY.text(350e3)).isEqualTo("350 kB");
    assertThat(Metric.NETWORK.text(1.23e9)).isEqualTo("1.2 GB/s");
  }

  @Test
  void mediansAreInTheMiddle() {
    assertThat(Measurer.median(List.of(9.0, 1.0, 2.0))).isEqualTo(2);
    assertThat(Measurer.median(List.of(4.0, 1.0, 2.0, 3.0))).isEqualTo(2.5);
    assertThat(Measurer.median(List.of(7.0))).isEqualTo(7);
  }

  @Test
  void theBestIsTheShortTimeAndTheLongStream() {
    Comparison c = comparison(measured("a", "native", 0.1, 1e-7), measured("b", "vm", 0.4, 2e-7));
    assertThat(c.best(Metric.START)).hasValue(0.1);
    assertThat(c.largest(Metric.START)).isEqualTo(0.4);
    assertThat(c.best(Metric.NETWORK)).hasValue(1e6);
    assertThat(comparison(measured("a", "native", 1, 1)).best(Metric.START)).isEmpty();
    assertThat(comparison().largest(Metric.START)).isZero();
  }

  @Test
  void theTableHasARowForEach() {
    Measured lacking =
        new Measured("c", "sandbox", "", "4.4.0", Map.of(Metric.START, 0.2), Map.of());
    String table = ComparisonTable.of(comparison(measured("a", "native", 0.1, 1e-7), lacking));
    assertThat(table.lines()).hasSize(3);
    assertThat(table.lines().findFirst().orElseThrow())
        .startsWith("RUNTIME   TIER")
        .contains("SYSTEM CALL");
    assertThat(table)
        .containsPattern("a +native +6\\.1 +100 ms")
        .containsPattern("4\\.4\\.0 +200 ms +- +-");
  }

  @Test
  void jsonHasUnitsInItsNames() {
    Measured lacking =
        new Measured(
            "c", "vm", "v", "6.1", Map.of(Metric.START, 0.25), Map.of(Metric.EXEC, "no exec"));
    String json = Json.compact(comparison(lacking).json());
    assertThat(json)
        .contains("\"start_seconds\":0.25", "\"problems\":{\"exec_seconds\":\"no exec\"}")
        .contains("\"unusable\":[{\"name\":\"crun\"")
        .doesNotContain("memory_bytes\":1");
  }

  private static Document parse(String html) throws Exception {
    // The page is written so that it is XML but for its empty elements in the head.
    String xml =
        html.replace("<!doctype html>", "")
            .replaceAll("<meta ([^>]*)>", "<meta $1/>")
            .replace("<br>", "<br/>");
    return DocumentBuilderFactory.newDefaultInstance()
        .newDocumentBuilder()
        .parse(new InputSource(new StringReader(xml)));
  }

  @Test
  void thePageIsWholeAndNeedsNothingElse() throws Exception {
    String html =
        ComparisonHtml.of(
            comparison(
                measured("a", "native", 0.1, 1e-7),
                measured("<script>x</script>", "vm", 0.4, 2e-6)));
    assertThat(html)
        .doesNotContain("<script", "http:", "https:", "url(", "src=", "href=")
        .contains("&lt;script&gt;", "it is &lt;b&gt;old&lt;/b&gt;", "prefers-color-scheme:dark")
        .contains("width=device-width");
    Document page = parse(html);
    NodeList bars = page.getElementsByTagName("svg");
    assertThat(bars.getLength()).isEqualTo(2 * Metric.values().length);
    Element first = (Element) bars.item(0);
    assertThat(first.getAttribute("aria-label")).isEqualTo("a: 100 ms");
    Element rect = (Element) first.getElementsByTagName("rect").item(1);
    assertThat(rect.getAttribute("class")).isEqualTo("native");
    assertThat(rect.getAttribute("width")).as("a quarter of the longest").isEqualTo("25.00");
  }

  @Test
  void aPageWithoutRuntimesIsWholeToo() throws Exception {
    assertThat(parse(ComparisonHtml.of(comparison())).getElementsByTagName("svg").getLength())
        .isZero();
  }

  private static ProcessInfo process(int pid, int parent, String... command) {
    return new ProcessInfo(
        pid,
        parent,
        "x",
        'S',
        pid,
        new Device(0, 0),
        0,
        1,
        Duration.ZERO,
        Duration.ZERO,
        0,
        0,
        0,
        List.of(command));
  }

  @Test
  void aSandboxIsItsTreeAndWhoeverCarriesItsName() {
    List<ProcessInfo> all =
        List.of(
            process(1, 0, "init"),
            process(50, 1, "java"),
            process(60, 50, "client"),
            process(100, 1, "kapal-monitor", "id"),
            process(101, 100, "runsc-sandbox"),
            process(102, 101, "/kapal-probe", "idle", "mark"),
            process(103, 100, "runsc-gofer"),
            process(200, 1, "qemu", "sandbox-ID"),
            process(201, 200, "worker"),
            process(300, 1, "other"));
    assertThat(
            SandboxMemory.belonging(
                all, 102, 50, p -> p.command().toString().contains("sandbox-ID"), "mark"))
        .containsExactlyInAnyOrder(100, 101, 103, 200, 201);
    // The daemon's own child is not the daemon, and a process of init's has only itself.
    assertThat(SandboxMemory.belonging(all, 60, 50, p -> false, "mark")).containsExactly(60);
    assertThat(SandboxMemory.belonging(all, 999, 50, p -> false, "mark")).isEmpty();
  }

  @Test
  void pssIsReadFromARollup() {
    assertThat(SandboxMemory.pss("00400000-7fff ---p [rollup]\nRss:  500 kB\nPss:       176 kB\n"))
        .isEqualTo(176 * 1024);
    assertThat(SandboxMemory.pss("")).isZero();
    assertThat(SandboxMemory.pss("Pss: x kB")).isZero();
  }
}
