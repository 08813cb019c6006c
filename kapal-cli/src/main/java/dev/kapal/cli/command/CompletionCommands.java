package dev.kapal.cli.command;

import dev.kapal.cli.completion.Candidates;
import dev.kapal.cli.completion.Scripts;
import dev.kapal.cli.model.Group;
import dev.kapal.cli.model.Invocation;
import dev.kapal.cli.model.Leaf;
import java.util.List;
import java.util.function.Supplier;

/** completion and the hidden command behind it. */
final class CompletionCommands {
  private CompletionCommands() {}

  static final Group GROUP =
      new Group(
          "completion",
          List.of(),
          "Scripts that complete commands in a shell",
          SystemCommands.ENGINE,
          false,
          List.of(
              shell(
                  "bash",
                  "source <(kapal completion bash)",
                  "for this shell; put it into ~/.bashrc for all"),
              shell(
                  "fish",
                  "kapal completion fish > ~/.config/fish/completions/kapal.fish",
                  "for all shells"),
              shell("zsh", "kapal completion zsh > \"${fpath[1]}/_kapal\"", "for all shells")));

  private static Leaf shell(String name, String line, String what) {
    return Leaf.named(name)
        .summary("Print the script for " + name)
        .example(line, what)
        .does(i -> {
          i.out().print(Scripts.of(name));
          return 0;
        });
  }

  /** {@code kapal __complete WORDS…}: the last word is the one to complete. */
  static Leaf complete(Supplier<Group> root) {
    return Leaf.named("__complete")
        .summary("Print candidates for the last word")
        .operands("[WORD...]", 0, Integer.MAX_VALUE)
        .stopsAtOperand()
        .hidden()
        .does(i -> complete(i, root.get()));
  }

  private static int complete(Invocation i, Group root) {
    try {
      Candidates.of(root, i.operands(), new Names(i.engine()))
          .forEach(c ->
              i.out()
                  .line(c.description().isEmpty() ? c.word() : c.word() + "\t" + c.description()));
    } catch (RuntimeException e) {
      // Somebody is typing: silence is better than an error in the middle of the line.
      return e instanceof dev.kapal.cli.output.StreamClosedException ? 141 : 1;
    }
    return 0;
  }
}
