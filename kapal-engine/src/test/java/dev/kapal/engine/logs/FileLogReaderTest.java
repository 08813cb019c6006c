package dev.kapal.engine.logs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kapal.engine.LogEntry;
import dev.kapal.engine.LogOptions;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Logs whole, from the end, between moments, and while they grow and rotate. */
class FileLogReaderTest {
  @TempDir Path temp;

  private Path log() {
    return temp.resolve("log");
  }

  private static String json(String text, String stream, int second) {
    return "{\"log\":\""
        + text
        + "\",\"stream\":\""
        + stream
        + "\",\"time\":\"2026-01-01T00:00:"
        + String.format("%02d", second % 60)
        + ".5Z\"}\n";
  }

  private void write(String... records) throws IOException {
    Files.writeString(
        log(), String.join("", records), StandardOpenOption.CREATE, StandardOpenOption.APPEND);
  }

  private List<String> read(LogFormat format, LogOptions options) throws Exception {
    List<String> all = new ArrayList<>();
    try (FileLogReader r = new FileLogReader(log(), 3, format, options, () -> true)) {
      for (Optional<LogEntry> e = r.next(); e.isPresent(); e = r.next()) {
        all.add(new String(e.get().line(), StandardCharsets.UTF_8));
      }
    }
    return all;
  }

  @Test
  void putsPiecesTogetherAndPassesOverWhatIsBroken() throws Exception {
    write(
        json("one\\n", "stdout", 1),
        json("be", "stdout", 2),
        json("err\\n", "stderr", 2),
        "{\"log\":\"cut\n",
        "nonsense\n",
        "{}\n",
        json("gin\\n", "stdout", 3),
        json("no end", "stdout", 4));
    assertThat(read(LogFormat.JSON_FILE, LogOptions.ALL))
        .containsExactly("one\n", "err\n", "begin\n", "no end");
    assertThat(
            read(
                LogFormat.JSON_FILE,
                LogOptions.ALL
                    .withSince(Instant.parse("2026-01-01T00:00:02Z"))
                    .withUntil(Instant.parse("2026-01-01T00:00:03Z"))))
        .containsExactly("err\n", "begin\n");
    assertThat(read(LogFormat.JSON_FILE, LogOptions.ALL.withTail(2)))
        .containsExactly("begin\n", "no end");
    assertThat(read(LogFormat.JSON_FILE, LogOptions.ALL.withTail(0))).isEmpty();
    assertThat(read(LogFormat.JSON_FILE, LogOptions.ALL.withTail(99))).hasSize(4);
  }

  @Test
  void readsTheKubeletsForm() throws Exception {
    write(
        "2026-01-01T00:00:00.1Z stdout F one\n",
        "2026-01-01T00:00:00.2+01:00 stdout P tw\n",
        "2026-01-01T00:00:00.3Z stdout F o\n",
        "2026-01-01T00:00:00.4Z stderr F \n",
        "broken\n");
    assertThat(read(LogFormat.CRI, LogOptions.ALL)).containsExactly("one\n", "two\n", "\n");
    assertThat(read(LogFormat.CRI, LogOptions.ALL.withTail(2))).containsExactly("two\n", "\n");
  }

  @Test
  void findsTheLastLinesOfAnyLog() throws Exception {
    Random random = new Random(11);
    for (int round = 0; round < 60; round++) {
      for (int i = 1; i <= 3; i++) {
        Files.deleteIfExists(temp.resolve("log." + i));
      }
      Files.deleteIfExists(log());
      Files.createFile(log());
      int lines = random.nextInt(40);
      for (int i = 0; i < lines; i++) {
        String text = "x".repeat(random.nextInt(round % 5 == 0 ? 9000 : 40)) + i;
        if (random.nextInt(4) == 0) {
          write(json(text, "stdout", i), json("\\n", "stdout", i));
        } else {
          write(json(text + "\\n", "stdout", i));
        }
        if (random.nextInt(12) == 0) {
          rotate(2);
        }
      }
      List<String> all = read(LogFormat.JSON_FILE, LogOptions.ALL);
      int n = random.nextInt(lines + 3);
      assertThat(read(LogFormat.JSON_FILE, LogOptions.ALL.withTail(n)))
          .as("the last %s of %s in round %s", n, all.size(), round)
          .isEqualTo(all.subList(Math.max(0, all.size() - n), all.size()));
    }
  }

  /** As the monitor does it. */
  private void rotate(int keep) throws IOException {
    Files.deleteIfExists(temp.resolve("log." + keep));
    for (int i = keep - 1; i >= 1; i--) {
      if (Files.exists(temp.resolve("log." + i))) {
        Files.move(temp.resolve("log." + i), temp.resolve("log." + (i + 1)));
      }
    }
    Files.move(log(), temp.resolve("log.1"));
    Files.createFile(log());
  }

  @Test
  void followsThroughRotationWithNothingLostOrTwice() throws Exception {
    Files.createFile(log());
    AtomicBoolean ended = new AtomicBoolean();
    int lines = 4000;
    Thread writer =
        Thread.ofPlatform()
            .start(() -> {
              try {
                for (int i = 0; i < lines; i++) {
                  write(json("line " + i + "\\n", "stdout", i));
                  if (i % 500 == 499) {
                    // Slower than the reader's pause, as a log of some size is.
                    Thread.sleep(150);
                    rotate(2);
                  }
                }
              } catch (IOException | InterruptedException e) {
                throw new IllegalStateException(e);
              } finally {
                ended.set(true);
              }
            });
    List<String> all = new ArrayList<>();
    try (FileLogReader r =
        new FileLogReader(log(), 3, LogFormat.JSON_FILE, LogOptions.ALL.following(), ended::get)) {
      for (Optional<LogEntry> e = r.next(); e.isPresent(); e = r.next()) {
        all.add(new String(e.get().line(), StandardCharsets.UTF_8));
      }
    }
    writer.join();
    assertThat(all).hasSize(lines);
    for (int i = 0; i < lines; i++) {
      assertThat(all.get(i)).isEqualTo("line " + i + "\n");
    }
  }
}
