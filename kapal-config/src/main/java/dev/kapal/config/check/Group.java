package dev.kapal.config.check;

import dev.kapal.config.check.Finding.Status;

/** A heading of the report; makes findings below it. */
record Group(String title) {
  static final Group KERNEL = new Group("Kernel");
  static final Group CGROUPS = new Group("Control groups");
  static final Group CONTAINERS = new Group("Containers");
  static final Group STORAGE = new Group("Storage");
  static final Group NETWORK = new Group("Network");
  static final Group LIMITS = new Group("Limits and time");
  static final Group MACHINES = new Group("Virtual machines");
  static final Group CONFIGURATION = new Group("Configuration");
  static final Group KUBERNETES = new Group("Kubernetes");

  /** That of a runtime. */
  static Group runtime(String name) {
    return new Group("Runtime " + name);
  }

  Finding ok(String id, String sentence) {
    return new Finding(id, title, "", Status.OK, sentence, "");
  }

  Finding warning(String id, String sentence, String remedy) {
    return new Finding(id, title, "", Status.WARNING, sentence, remedy);
  }

  Finding failure(String id, String sentence, String remedy) {
    return new Finding(id, title, "", Status.FAILURE, sentence, remedy);
  }
}
