package dev.kapal.oci.runtime;

/** Checks a runtime config against the rules of the specification that its types cannot express. */
public final class RuntimeConfigValidator {
  private RuntimeConfigValidator() {}

  /**
   * Checks a whole config.
   *
   * @throws RuntimeConfigException naming every broken rule
   */
  public static void check(RuntimeConfig config) {
    Checks checks = new Checks();
    new ConfigRules(checks).config(config);
    checks.done();
  }

  /**
   * Checks a process for exec.
   *
   * @throws RuntimeConfigException naming every broken rule
   */
  public static void check(Process process) {
    Checks checks = new Checks();
    new ProcessRules(checks).process("process", process);
    checks.done();
  }
}
