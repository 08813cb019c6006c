package dev.kapal.config.check;

import java.util.List;

/** One question about a host. Implementations are small, and safe to run beside each other. */
@FunctionalInterface
public interface Check {
  /** Asks. Never throws for what a host can be like. */
  List<Finding> run(Host host);
}
