package dev.kapal.cli;

import dev.kapal.cli.context.LiveConfiguration;
import dev.kapal.config.ConfigSource;
import dev.kapal.config.KapalConfig;
import java.nio.file.Path;
import java.util.List;

/** A configuration that a test chooses. */
public final class FakeConfiguration implements LiveConfiguration {
  public ConfigSource source = new ConfigSource(Path.of("/nonexistent"));
  public List<Change> pending = List.of();
  public Reloaded reloaded = new Reloaded(List.of(), List.of());

  @Override
  public ConfigSource source() {
    return source;
  }

  @Override
  public KapalConfig current() {
    return source.load().orElseThrow();
  }

  @Override
  public List<Change> pending() {
    return pending;
  }

  @Override
  public Reloaded reload() {
    return reloaded;
  }
}
