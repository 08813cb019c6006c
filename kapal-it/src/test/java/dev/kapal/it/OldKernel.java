package dev.kapal.it;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Path;

/** The wrapper that takes newer system calls away, compiled on first use. */
final class OldKernel {
  private OldKernel() {}

  static synchronized String wrapper() {
    assumeTrue(Commands.sh("command -v gcc").status() == 0, "needs gcc to build the wrapper");
    Path source =
        Path.of(System.getProperty("kapal.root", ".."))
            .toAbsolutePath()
            .normalize()
            .resolve("kapal-it/src/test/c/old-kernel.c");
    Path program = Installation.home().resolve("../old-kernel").normalize();
    Commands.sh("gcc -O1 -Wall -Wextra -Werror -o '" + program + "' '" + source + "'")
        .mustSucceed();
    return program.toString();
  }
}
