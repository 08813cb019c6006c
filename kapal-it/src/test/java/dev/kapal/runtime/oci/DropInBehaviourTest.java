package dev.kapal.runtime.oci;

import dev.kapal.it.DropInProgram;
import dev.kapal.runtime.Runtime;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** Kapal's drop-in for runc under Kapal's own driver for runc. */
class DropInBehaviourTest extends RuntimeBehaviour {
  private static DropInProgram program;

  @BeforeAll
  static void install() {
    program = new DropInProgram();
  }

  @AfterAll
  static void remove() {
    if (program != null) {
      program.close();
    }
  }

  @Override
  Runtime open(Bench bench) {
    return bench.open(OciRuntimeConfig.of("kapal-oci", program.path()));
  }
}
