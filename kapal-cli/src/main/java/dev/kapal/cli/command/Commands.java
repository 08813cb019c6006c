package dev.kapal.cli.command;

import dev.kapal.cli.model.Command;
import dev.kapal.cli.model.Group;
import dev.kapal.cli.model.Leaf;
import java.util.ArrayList;
import java.util.List;

/** The whole command tree. */
public final class Commands {
  private Commands() {}

  /** Builds it; done once. */
  public static Group tree(String version, String commit) {
    List<Command> all = new ArrayList<>();
    all.add(
        Leaf.named("version")
            .summary("Show the version of Kapal")
            .section("Engine")
            .example("kapal version", "print the version and the commit it was built from")
            .does(invocation -> {
              invocation.out().line("Kapal " + version + " (" + commit + ")");
              return 0;
            }));
    return new Group("kapal", List.of(), "A container platform for Linux", "", false, all);
  }
}
