package dev.kapal.cli.model;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A command that only holds commands, like {@code kapal volume}. */
public final class Group implements Command {
  private final String name;
  private final String summary;
  private final String section;
  private final boolean hidden;
  private final List<String> aliases;
  private final List<Command> children;
  private final Map<String, Command> byWord;

  public Group(
      String name,
      List<String> aliases,
      String summary,
      String section,
      boolean hidden,
      List<? extends Command> children) {
    this.name = name;
    this.aliases = List.copyOf(aliases);
    this.summary = summary;
    this.section = section;
    this.hidden = hidden;
    this.children = List.copyOf(children);
    Map<String, Command> words = new HashMap<>();
    for (Command child : children) {
      words.put(child.name(), child);
      child.aliases().forEach(alias -> words.put(alias, child));
    }
    this.byWord = Map.copyOf(words);
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public List<String> aliases() {
    return aliases;
  }

  @Override
  public String summary() {
    return summary;
  }

  @Override
  public String section() {
    return section;
  }

  @Override
  public boolean hidden() {
    return hidden;
  }

  /** What it holds, in the order of help. */
  public List<Command> children() {
    return children;
  }

  /** The child that a word calls. */
  public Optional<Command> child(String word) {
    return Optional.ofNullable(byWord.get(word));
  }
}
