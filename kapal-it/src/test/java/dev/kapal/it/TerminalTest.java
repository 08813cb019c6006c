package dev.kapal.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Interactive terminals, typed into as a person would: script(1) gives the client a terminal of its
 * own.
 */
final class TerminalTest {
  private static Daemon daemon;

  @BeforeAll
  static void start() {
    assumeTrue(Commands.sh("command -v script").status() == 0, "needs script (Debian: bsdutils)");
    daemon = Daemon.start();
  }

  @AfterAll
  static void stop() {
    if (daemon != null) {
      daemon.close();
    }
  }

  @AfterEach
  void removeAll() {
    daemon.ok("ps", "-aq").lines().forEach(id -> daemon.command("rm", "-f", id));
  }

  @Test
  void aShellHasATerminalOfTheSameSize() throws Exception {
    try (Typist typist =
        new Typist("stty rows 33 cols 111; %s run -it --rm --network none busybox sh")) {
      typist.await("# ");
      typist.type("tty; stty size\n");
      typist.await("33 111");
      typist.type("echo $((6*7)); exit 5\n");
      typist.await("42");
      assertThat(typist.end()).isEqualTo(5);
    }
  }

  @Test
  void ctrlCGoesToTheContainer() throws Exception {
    try (Typist typist =
        new Typist(
            "%s run -it --rm --network none busybox sh -c 'trap \"echo caught; exit 3\" INT; echo ready; while :; do sleep 0.1; done'")) {
      typist.await("ready");
      typist.type("\u0003");
      typist.await("caught");
      assertThat(typist.end()).isEqualTo(3);
    }
  }

  @Test
  void detachKeysLeaveTheContainerRunning() throws Exception {
    try (Typist typist = new Typist("%s run -it --name d --network none busybox sh")) {
      typist.await("# ");
      typist.type("\u0010\u0011");
      assertThat(typist.end()).isZero();
    }
    assertThat(daemon.ok("inspect", "-f", "{{.State.Status}}", "d")).isEqualTo("running");
    try (Typist typist = new Typist("%s attach d")) {
      typist.type("echo back\n");
      typist.await("back");
      typist.type("exit\n");
      assertThat(typist.end()).isZero();
    }
  }

  @Test
  void execHasATerminalToo() throws Exception {
    daemon.ok("run", "-d", "--name", "e", "--network", "none", "busybox", "sleep", "60");
    try (Typist typist = new Typist("%s exec -it e sh")) {
      typist.await("# ");
      typist.type("tty; exit 4\n");
      typist.await("/dev/pts/");
      assertThat(typist.end()).isEqualTo(4);
    }
  }

  @Test
  void withoutATerminalAskingForOneIsAnError() {
    Result result =
        daemon.commandWithInput("", "run", "-it", "--rm", "--network", "none", "busybox", "true");
    assertThat(result.status()).isNotZero();
    assertThat(result.err()).contains("terminal");
  }

  /** A client on a terminal, with somebody at the keys. */
  private static final class Typist implements AutoCloseable {
    private final Process process;
    private final OutputStream keys;
    private final InputStream screen;
    private final StringBuilder seen = new StringBuilder();

    Typist(String command) throws IOException {
      String line = command.formatted(Installation.client());
      ProcessBuilder builder = new ProcessBuilder("script", "-qefc", line, "/dev/null");
      builder.environment().putAll(daemon.clientEnvironment());
      builder.environment().put("TERM", "xterm");
      builder.environment().put("SHELL", "/bin/sh");
      builder.redirectErrorStream(true);
      process = builder.start();
      keys = process.getOutputStream();
      screen = process.getInputStream();
    }

    void type(String text) throws IOException {
      keys.write(text.getBytes(StandardCharsets.UTF_8));
      keys.flush();
    }

    void await(String text) throws IOException, InterruptedException {
      long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
      int from = 0;
      while (seen.indexOf(text, from) < 0) {
        while (screen.available() > 0) {
          seen.append((char) screen.read());
        }
        if (seen.indexOf(text) >= 0) {
          break;
        }
        if (System.nanoTime() > deadline) {
          throw new AssertionError("waited for \"" + text + "\", saw:\n" + seen);
        }
        TimeUnit.MILLISECONDS.sleep(5);
      }
      seen.delete(0, seen.indexOf(text) + text.length());
    }

    int end() throws InterruptedException {
      if (!process.waitFor(20, TimeUnit.SECONDS)) {
        throw new AssertionError("the client does not end; saw:\n" + seen);
      }
      return process.exitValue();
    }

    @Override
    public void close() {
      process.destroyForcibly();
    }
  }
}
