package dev.kapal.cli.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ArgumentParserTest {
  private static final Leaf RUN =
      Leaf.named("run")
          .operands("IMAGE [ARG...]", 1, Integer.MAX_VALUE)
          .stopsAtOperand()
          .options(
              Option.flag("rm", ""),
              Option.flag("interactive", "").letter('i'),
              Option.flag("tty", "").letter('t'),
              Option.list("env", "KEY", "").letter('e'),
              Option.value("name", "NAME", "").letter('n'),
              Option.value("hostname", "NAME", "").letter('h'))
          .does(i -> 0);

  private static final Leaf RM =
      Leaf.named("rm")
          .operands("NAME...", 1, 3)
          .options(Option.flag("force", "").letter('f'))
          .does(i -> 0);

  private static Arguments run(String line) {
    return ArgumentParser.parse(RUN, List.of(line.split(" ")));
  }

  @Test
  void takesEveryFormThatDockerTakes() {
    assertThat(run("-it --rm busybox").given().keySet())
        .containsExactlyInAnyOrder("interactive", "tty", "rm");
    assertThat(run("-ite A=b busybox").list("env")).containsExactly("A=b");
    assertThat(run("-iteA=b busybox").list("env")).containsExactly("A=b");
    assertThat(run("-e=A busybox").list("env")).containsExactly("A");
    assertThat(run("--env=A=b --env C busybox").list("env")).containsExactly("A=b", "C");
    assertThat(run("--name= busybox").value("name")).contains("");
    assertThat(run("--name --rm busybox").value("name")).contains("--rm");
    assertThat(run("--name a --name b busybox").value("name")).contains("b");
    assertThat(run("--rm=false -i=true busybox").flag("rm", true)).isFalse();
    assertThat(run("-h host busybox").value("hostname")).contains("host");
  }

  @Test
  void whatFollowsTheFirstOperandIsLeftAlone() {
    assertThat(run("--rm true").operands()).containsExactly("true");
    assertThat(run("busybox ls -l --rm -- x").operands())
        .containsExactly("busybox", "ls", "-l", "--rm", "--", "x");
    assertThat(run("-- -x").operands()).containsExactly("-x");
    assertThat(run("busybox").flag("rm")).isFalse();
  }

  @Test
  void optionsMayFollowOperandsElsewhere() {
    Arguments rm = ArgumentParser.parse(RM, List.of("a", "-f", "b", "--", "-c"));
    assertThat(rm.flag("force")).isTrue();
    assertThat(rm.operands()).containsExactly("a", "b", "-c");
    assertThat(ArgumentParser.parse(RM, List.of("-")).operands()).containsExactly("-");
  }

  @Test
  void tellsWhatIsWrong() {
    assertThatThrownBy(() -> run("--nam x y"))
        .isInstanceOf(UsageException.class)
        .hasMessage("unknown flag: --nam; did you mean --name?");
    assertThatThrownBy(() -> run("-iz x")).hasMessage("unknown shorthand flag: 'z' in -iz");
    assertThatThrownBy(() -> run("--name")).hasMessage("flag needs an argument: --name");
    assertThatThrownBy(() -> run("-ie")).hasMessage("flag needs an argument: -e");
    assertThatThrownBy(() -> run("--rm=maybe x")).hasMessageContaining("give true or false");
    assertThatThrownBy(() -> ArgumentParser.parse(RM, List.of("a", "b", "c", "d")))
        .hasMessage("'rm' requires at most 3 arguments, got 4");
  }

  @Test
  void helpWinsOverWhatFollows() {
    assertThat(run("--help --bogus").help()).isTrue();
    assertThat(ArgumentParser.parse(RM, List.of("-h")).help()).isTrue();
  }

  @Test
  void neverFailsInAnotherWay() {
    Random random = new Random(7);
    String[] pieces = {
      "-", "--", "=", "i", "t", "e", "n", "x", "--env", "--rm", "", "é", "\0", " "
    };
    for (int n = 0; n < 40_000; n++) {
      StringBuilder word = new StringBuilder();
      for (int k = random.nextInt(5); k >= 0; k--) {
        word.append(pieces[random.nextInt(pieces.length)]);
      }
      List<String> words = List.of(word.toString(), pieces[random.nextInt(pieces.length)]);
      try {
        Arguments parsed = ArgumentParser.parse(RUN, words);
        assertThat(parsed.operands().size()).isLessThanOrEqualTo(2);
      } catch (UsageException e) {
        assertThat(e.message()).isNotBlank();
      }
    }
  }

  @Test
  void suggestsNeighboursOnly() {
    List<String> known = List.of("run", "rm", "restart", "volume");
    assertThat(Suggestions.nearest("rnu", known)).contains("run");
    assertThat(Suggestions.nearest("ru", List.of("rm", "rmi", "run"))).contains("run");
    assertThat(Suggestions.nearest("volumes", known)).contains("volume");
    assertThat(Suggestions.nearest("res", known)).contains("restart");
    assertThat(Suggestions.nearest("xyz", known)).isEmpty();
    assertThat(Suggestions.distance("", "abc")).isEqualTo(3);
    assertThat(Suggestions.distance("ab", "ba")).isEqualTo(1);
  }
}
