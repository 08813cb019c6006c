package dev.kapal.cli.completion;

import dev.kapal.cli.model.Completion;
import java.util.List;

/** Knows the names of containers, images, volumes and networks. */
@FunctionalInterface
public interface NameSource {
  /** Names of one kind; empty for kinds that have none. */
  List<String> names(Completion.Kind kind);
}
