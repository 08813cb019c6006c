package dev.kapal.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kapal.cli.command.Commands;
import dev.kapal.cli.model.ArgumentParser;
import dev.kapal.cli.model.Group;
import dev.kapal.cli.model.Leaf;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Parsing is part of the millisecond that a command may cost. The bound is loose; the figure is
 * printed.
 */
class ParseSpeedTest {
  @Test
  void aRunIsParsedInMicroseconds() {
    long start = System.nanoTime();
    Group root = Commands.tree();
    Leaf run = (Leaf) root.child("run").orElseThrow();
    List<String> words = List.of("--rm", "busybox", "true");
    assertThat(ArgumentParser.parse(run, words).operands()).hasSize(2);
    long cold = System.nanoTime() - start;
    for (int i = 0; i < 20_000; i++) {
      ArgumentParser.parse(run, words);
    }
    int rounds = 20_000;
    start = System.nanoTime();
    for (int i = 0; i < rounds; i++) {
      ArgumentParser.parse(run, words);
    }
    double micros = (System.nanoTime() - start) / 1000.0 / rounds;
    System.getLogger("parse")
        .log(
            System.Logger.Level.INFO,
            "cold tree and parse " + cold / 1000 + " us, warm parse " + micros + " us");
    assertThat(micros).isLessThan(200);
  }
}
