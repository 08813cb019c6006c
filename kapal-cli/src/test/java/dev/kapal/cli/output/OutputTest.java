package dev.kapal.cli.output;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kapal.cli.context.WindowSize;
import dev.kapal.image.ProgressListener;
import dev.kapal.linux.Descriptors;
import dev.kapal.linux.Fcntl;
import dev.kapal.linux.Linux;
import dev.kapal.oci.Digest;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class OutputTest {
  @Test
  void sizesAndDurationsAreInDockersWords() {
    assertThat(Humans.size(0)).isEqualTo("0B");
    assertThat(Humans.size(999)).isEqualTo("999B");
    assertThat(Humans.size(4_430_000)).isEqualTo("4.43MB");
    assertThat(Humans.size(123_456_789)).isEqualTo("123MB");
    assertThat(Humans.binarySize(2_088_533_000L)).isEqualTo("1.945GiB");
    assertThat(Humans.duration(Duration.ofMillis(5))).isEqualTo("Less than a second");
    assertThat(Humans.duration(Duration.ofSeconds(59))).isEqualTo("59 seconds");
    assertThat(Humans.duration(Duration.ofSeconds(61))).isEqualTo("About a minute");
    assertThat(Humans.duration(Duration.ofMinutes(62))).isEqualTo("About an hour");
    assertThat(Humans.duration(Duration.ofHours(47))).isEqualTo("47 hours");
    assertThat(Humans.duration(Duration.ofDays(13))).isEqualTo("13 days");
    assertThat(Humans.duration(Duration.ofDays(20))).isEqualTo("2 weeks");
    assertThat(Humans.duration(Duration.ofDays(90))).isEqualTo("3 months");
    assertThat(Humans.duration(Duration.ofDays(800))).isEqualTo("2 years");
    assertThat(Humans.ago(Instant.EPOCH.plusSeconds(10), Instant.EPOCH))
        .isEqualTo("Less than a second ago");
  }

  @Test
  void textIsMeasuredCutAndTamed() {
    assertThat(Text.width("船e\u0301")).isEqualTo(3);
    assertThat(Text.cut("abcdef", 4)).isEqualTo("abc…");
    assertThat(Text.tame("a\u001b[2Jb\r")).isEqualTo("a\\x1b[2Jb\\x0d");
    assertThat(Text.quote("a\"\n")).isEqualTo("\"a\\\"\\n\"");
    assertThat(Text.wrap("aa bb cc", 5)).containsExactly("aa bb", "cc");
  }

  @Test
  void tablesLineUp() {
    assertThat(Table.of("A", "B").row("船船船船船", "x").row("", "y").render())
        .isEqualTo("A            B\n船船船船船   x\n             y\n");
    assertThat(Table.of("A").row("\u001b[31m").render()).isEqualTo("A\n\\x1b[31m\n");
  }

  @Test
  void jsonIsWritten() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("a", List.of(1L, 1.5, true));
    map.put("b\"\u0001", null);
    map.put("c", Map.of());
    assertThat(Json.compact(map)).isEqualTo("{\"a\":[1,1.5,true],\"b\\\"\\u0001\":null,\"c\":{}}");
    assertThat(Json.pretty(Map.of("a", List.of("<&>"))))
        .isEqualTo("{\n    \"a\": [\n        \"<&>\"\n    ]\n}");
  }

  @Test
  void coloursAreOffWhereNotWanted() {
    assertThat(Style.of(true, Map.of("TERM", "xterm")).bold("x")).contains("\u001b[1m");
    assertThat(Style.of(true, Map.of("NO_COLOR", "1")).bold("x")).isEqualTo("x");
    assertThat(Style.of(true, Map.of("TERM", "dumb")).bold("x")).isEqualTo("x");
    assertThat(Style.of(false, Map.of()).bold("x")).isEqualTo("x");
  }

  @Test
  void aClosedPipeIsToldOnceAndThenQuiet() {
    Descriptors files = Linux.system().descriptors();
    try (Descriptors.Pipe pipe = files.pipe(Fcntl.O_CLOEXEC)) {
      pipe.reader().close();
      Output out = new Output(new FdSink(files, pipe.writer()), false);
      out.line("x");
      assertThatThrownBy(out::flush).isInstanceOf(StreamClosedException.class);
      out.line("y");
      out.flush();
    }
  }

  @Test
  void muchOutputArrivesInOrder() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    Output out = new Output(bytes::write, false);
    byte[] large = new byte[100_000];
    Arrays.fill(large, (byte) 'z');
    out.print("a");
    out.write(large, 0, large.length);
    out.print("b");
    out.flush();
    assertThat(bytes.toString(StandardCharsets.UTF_8))
        .hasSize(100_002)
        .startsWith("azz")
        .endsWith("zb");
  }

  private static final Digest BLOB = Digest.sha256(new byte[] {7});

  private static ProgressListener.Layer layer(ProgressListener.State state, long done) {
    return new ProgressListener.Layer(BLOB, state, done, 10_000_000);
  }

  @Test
  void barsFitTheWidth() {
    for (int columns = 5; columns < 150; columns++) {
      for (long done : new long[] {0, 1, 5_000_000, 10_000_000, 99_000_000}) {
        for (ProgressListener.State state : ProgressListener.State.values()) {
          String bar = Progress.bar("0123456789ab", layer(state, done), columns, Style.PLAIN);
          assertThat(Text.width(bar)).isLessThan(columns);
        }
      }
    }
    assertThat(
            Progress.bar(
                "0123456789ab",
                layer(ProgressListener.State.DOWNLOADING, 5_000_000),
                80,
                Style.PLAIN))
        .isEqualTo("0123456789ab  Downloading    [==============>               ] 5MB/10MB");
  }

  @Test
  void progressIsLinesOffATerminal() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    Output out = new Output(bytes::write, false);
    try (Progress progress =
        new Progress(out, () -> new WindowSize(24, 80), Style.PLAIN, false, false)) {
      progress.on(layer(ProgressListener.State.DOWNLOADING, 0));
      progress.on(layer(ProgressListener.State.EXTRACTING, 3));
      progress.on(layer(ProgressListener.State.DOWNLOADING, 5));
      progress.on(layer(ProgressListener.State.DOWNLOADED, 10_000_000));
      progress.on(layer(ProgressListener.State.EXTRACTING, 8_000_000));
      progress.on(layer(ProgressListener.State.DONE, 10));
      progress.on(new ProgressListener.Message("a\u001b[2J"));
    }
    String id = BLOB.shortHex();
    assertThat(bytes.toString(StandardCharsets.UTF_8))
        .isEqualTo(
            id
                + ": Downloading 10MB\n"
                + id
                + ": Download complete\n"
                + id
                + ": Extracting\n"
                + id
                + ": Done\na\\x1b[2J\n");
  }

  @Test
  void progressIsDrawnTenTimesASecondAtMost() throws Exception {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    Output out = new Output(bytes::write, true);
    long start = System.nanoTime();
    try (Progress progress =
        new Progress(out, () -> new WindowSize(24, 80), Style.PLAIN, false, true)) {
      for (int n = 0; n < 50; n++) {
        progress.on(layer(ProgressListener.State.DOWNLOADING, n * 100_000L));
        Thread.sleep(10);
      }
    }
    double seconds = (System.nanoTime() - start) / 1e9;
    String text = bytes.toString(StandardCharsets.UTF_8);
    long frames = text.split("2K", -1).length - 1L;
    assertThat(frames).isBetween(2L, (long) (seconds * 10) + 2);
    assertThat(text).contains("\u001b[1A").contains("4.9MB/10MB");
  }
}
