package dev.kapal.nativetest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * One JUnit test for each C test (src/test/c). Each runs in a process of its own; its output is the
 * failure's message. Exit code 77 means that it was skipped, with the reason as its output.
 */
class NativeTest {
  private static final Path TARGET = Path.of("target").toAbsolutePath();
  private static final Path TESTS = TARGET.resolve("test");
  private static final int SKIPPED = 77;

  private record Result(int status, String output) {}

  private static Result run(Path program, List<String> command)
      throws IOException, InterruptedException {
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()));
    Map<String, String> environment = builder.environment();
    environment.put("KAPAL_TEST_PROGRAM", program.toString());
    environment.put("KAPAL_TEST_TOOL", TESTS.resolve("tool").toString());
    Process process = builder.start();
    String output =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    return new Result(process.waitFor(), output);
  }

  private static Stream<DynamicTest> tests(Path program, List<String> runner, List<String> suites)
      throws IOException, InterruptedException {
    Result list = run(program, List.of(TESTS.resolve("runner").toString(), "--list"));
    assertEquals(0, list.status(), list.output());
    return list.output()
        .lines()
        .filter(name -> suites.contains(name.substring(0, name.indexOf('.'))))
        .map(name -> DynamicTest.dynamicTest(name, () -> check(program, runner, name)));
  }

  private static void check(Path program, List<String> runner, String name)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(runner);
    command.add(name);
    Result result = run(program, command);
    assumeTrue(result.status() != SKIPPED, result.output());
    assertEquals(0, result.status(), () -> name + ": " + result.output());
  }

  private static List<String> runner() {
    return List.of(TESTS.resolve("runner").toString());
  }

  /** The parts and the whole program, all with the address and undefined behaviour sanitizers. */
  @TestFactory
  Stream<DynamicTest> withSanitizers() throws IOException, InterruptedException {
    return tests(
        TESTS.resolve("kapal"),
        runner(),
        List.of(
            "plan",
            "open_in",
            "copy_up",
            "log",
            "launch",
            "cover",
            "adopt",
            "client",
            "init",
            "probe",
            "oci",
            "member",
            "member_patience"));
  }

  /** The program as it is shipped. */
  @TestFactory
  Stream<DynamicTest> asShipped() throws IOException, InterruptedException {
    return tests(
        TARGET.resolve("kapal"),
        runner(),
        List.of("launch", "cover", "adopt", "client", "init", "probe", "oci", "member"));
  }

  /**
   * The parts under valgrind, which also sees reads of memory that was never written; a suite at a
   * time, since starting it costs most.
   */
  @TestFactory
  Stream<DynamicTest> underValgrind() {
    Path valgrind = Path.of("/usr/bin/valgrind");
    assumeTrue(Files.isExecutable(valgrind), "needs valgrind");
    List<String> runner =
        List.of(
            "/usr/bin/env",
            "KAPAL_TEST_SHORT=1",
            valgrind.toString(),
            "-q",
            "--error-exitcode=99",
            "--leak-check=full",
            "--errors-for-leak-kinds=definite",
            TESTS.resolve("plain").toString());
    return Stream.of("log", "copy_up", "plan", "open_in")
        .map(suite ->
            DynamicTest.dynamicTest(suite, () -> check(TARGET.resolve("kapal"), runner, suite)));
  }

  /** The parts on arm64, as far as emulation of its programs goes: none that execute others. */
  @TestFactory
  Stream<DynamicTest> onArm64() {
    Path emulator = Path.of("/usr/bin/qemu-aarch64-static");
    assumeTrue(Files.isExecutable(emulator), "needs qemu-aarch64-static (qemu-user-static)");
    Path tests = TESTS.resolve("arm64");
    assumeTrue(
        Files.isExecutable(tests),
        "needs a compiler for arm64 (gcc-aarch64-linux-gnu, libc6-dev-arm64-cross)");
    List<String> runner =
        List.of("/usr/bin/env", "KAPAL_TEST_SHORT=1", emulator.toString(), tests.toString());
    return Stream.of("log", "copy_up", "plan", "open_in")
        .map(suite ->
            DynamicTest.dynamicTest(
                suite, () -> check(TESTS.resolve("kapal-arm64"), runner, suite)));
  }
}
