package dev.kapal.engine.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kapal.engine.EngineException;
import dev.kapal.engine.Filters;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Real containers of the embedded image. */
class RealRunTest {
  private RealEngine real;

  @BeforeEach
  void open() {
    real = RealEngine.create("run");
  }

  @AfterEach
  void close() {
    if (real != null) {
      real.close();
    }
  }

  @Test
  void runsAndRemoves() throws Exception {
    RealEngine.Outcome o =
        real.run(RealEngine.spec("echo", "hello", "world").autoRemove(true).build());
    assertThat(o.output()).isEqualTo("hello world\n");
    for (int i = 0; i < 100 && !real.engine.containers().list(true, Filters.NONE).isEmpty(); i++) {
      Thread.sleep(20);
    }
    assertThat(real.engine.containers().list(true, Filters.NONE)).isEmpty();
    real.settle();
    assertThat(real.engine.images().snapshots().list()).isEmpty();
    assertThat(Layout.names(real.base.resolve("run/sandboxes"))).isEmpty();
    assertThat(Layout.names(real.base.resolve("run/containers"))).isEmpty();
    assertThat(Layout.names(real.base.resolve("lib/containers"))).isEmpty();
  }

  @Test
  void tellsAMissingProgramFromOneThatCannotBeExecuted() {
    assertThatThrownBy(() -> real.run(RealEngine.spec("/no/such").autoRemove(true).build()))
        .isInstanceOfSatisfying(
            EngineException.CommandFailure.class, e -> assertThat(e.exitCode()).isEqualTo(127));
    assertThatThrownBy(() -> real.run(RealEngine.spec("/etc/passwd").autoRemove(true).build()))
        .isInstanceOfSatisfying(
            EngineException.CommandFailure.class, e -> assertThat(e.exitCode()).isEqualTo(126));
    assertThat(real.engine.containers().list(true, Filters.NONE)).isEmpty();
  }
}
