package dev.kapal.it;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A virtual machine with cgroup v2 alone, AppArmor and every capability, see build/guest. It takes
 * shell scripts one at a time. Programs are slow in it, since it is emulated in software where the
 * processor cannot help.
 */
final class Guest implements AutoCloseable {
  private static final Duration BOOT = Duration.ofMinutes(4);

  private final Path folder;
  private final Process machine;
  private final BlockingQueue<String> answers = new LinkedBlockingQueue<>();
  private SocketChannel agent;

  private Guest(Path folder, Process machine) {
    this.folder = folder;
    this.machine = machine;
  }

  /**
   * Boots one, or skips the test with a line that says what is missing.
   *
   * @param words for the kernel's command line, see build/guest
   */
  static Guest boot(String... words) {
    Path root = Path.of(System.getProperty("kapal.root", "..")).toAbsolutePath().normalize();
    Path folder = Installation.home().resolveSibling("guest");
    String script = root.resolve("build/guest").toString();
    try {
      Path programs = stage(root, folder.resolve("stage"));
      Result prepared =
          Commands.run(
              List.of(
                  script,
                  "prepare",
                  folder.toString(),
                  Installation.home().toString(),
                  programs.toString()),
              Map.of(),
              "",
              Duration.ofMinutes(5));
      assumeTrue(prepared.status() != 77, prepared.err().strip());
      prepared.mustSucceed();
      // The limit is for a test run that is killed.
      Process machine =
          new ProcessBuilder(
                  Stream.concat(
                          Stream.of(
                              "timeout", "-k", "5", "2700", script, "boot", folder.toString()),
                          Stream.of(words))
                      .toList())
              .redirectErrorStream(true)
              .redirectOutput(folder.resolve("log").toFile())
              .start();
      Guest guest = new Guest(folder, machine);
      guest.connect();
      return guest;
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** The tests' own classes and libraries, which are not part of an installation. */
  private static Path stage(Path root, Path stage) throws IOException {
    Commands.sh("rm -rf '" + stage + "'").mustSucceed();
    Path libraries = Files.createDirectories(stage.resolve("lib"));
    String jars =
        Stream.of(System.getProperty("java.class.path", "").split(File.pathSeparator, -1))
            .filter(entry ->
                entry.matches(
                    ".*/(junit|opentest4j|apiguardian|jspecify|assertj|byte-buddy)[^/]*\\.jar"))
            .map(entry -> "'" + entry + "'")
            .collect(Collectors.joining(" "));
    Commands.sh("cp " + jars + " '" + libraries + "'").mustSucceed();
    for (String module : List.of("kapal-linux", "kapal-runtime", "kapal-it")) {
      Commands.sh(
              "mkdir -p '"
                  + stage
                  + "/classes' && cp -r '"
                  + root.resolve(module)
                  + "/target/test-classes/.' '"
                  + stage
                  + "/classes'")
          .mustSucceed();
    }
    return stage;
  }

  private void connect() throws IOException {
    long end = System.nanoTime() + BOOT.toNanos();
    Path socket = folder.resolve("agent");
    // A path that is too long for a socket's address is made short by a link.
    Path near = Files.createTempDirectory(Path.of("/tmp"), "kit");
    try {
      Path link = Files.createSymbolicLink(near.resolve("g"), folder).resolve("agent");
      while (true) {
        try {
          agent = SocketChannel.open(StandardProtocolFamily.UNIX);
          agent.connect(UnixDomainSocketAddress.of(link));
          break;
        } catch (IOException e) {
          agent.close();
          if (System.nanoTime() > end || !machine.isAlive()) {
            throw new AssertionError("no virtual machine at " + socket + ":\n" + log(), e);
          }
          pause();
        }
      }
    } finally {
      Commands.sh("rm -r '" + near + "'");
    }
    Thread reader = new Thread(this::read, "guest");
    reader.setDaemon(true);
    reader.start();
    answer(BOOT, "boot");
  }

  private static void pause() {
    try {
      TimeUnit.MILLISECONDS.sleep(20);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  private void read() {
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(Channels.newInputStream(agent), StandardCharsets.US_ASCII))) {
      lines.lines().forEach(answers::add);
    } catch (IOException | java.io.UncheckedIOException _) {
      // The machine is off.
    }
  }

  private String answer(Duration limit, String what) {
    try {
      String line = answers.poll(limit.toMillis(), TimeUnit.MILLISECONDS);
      if (line == null) {
        throw new AssertionError(
            "no answer from the virtual machine within " + limit + " to: " + what + "\n" + log());
      }
      return line;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  private String log() {
    return Commands.sh("tail -n 40 '" + folder + "/log' '" + folder + "/console'").out();
  }

  Result sh(String script) {
    return sh(script, Duration.ofMinutes(3));
  }

  /** Runs a shell script in it. */
  synchronized Result sh(String script, Duration limit) {
    byte[] line =
        (Base64.getEncoder().encodeToString(script.getBytes(StandardCharsets.UTF_8)) + "\n")
            .getBytes(StandardCharsets.US_ASCII);
    try {
      ByteBuffer buffer = ByteBuffer.wrap(line);
      while (buffer.hasRemaining()) {
        agent.write(buffer);
      }
    } catch (IOException e) {
      throw new AssertionError("the virtual machine is gone:\n" + log(), e);
    }
    String[] parts = answer(limit, script).split(" ", -1);
    return new Result(Integer.parseInt(parts[0]), text(parts[1]), text(parts[2]));
  }

  /** The "-" at the end keeps a word that is empty a word. */
  private static String text(String word) {
    byte[] bytes = Base64.getDecoder().decode(word.substring(0, word.length() - 1));
    return new String(bytes, StandardCharsets.UTF_8);
  }

  @Override
  public void close() {
    machine.destroy();
    try {
      if (!machine.waitFor(10, TimeUnit.SECONDS)) {
        machine.destroyForcibly();
      }
      agent.close();
      Files.deleteIfExists(folder.resolve("disk"));
    } catch (IOException e) {
      throw new AssertionError(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
