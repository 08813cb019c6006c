package dev.kapal.config.foreign;

/** What to do with a key, and with everything below it. */
@FunctionalInterface
interface Handler {
  void handle(Intake intake, Found found);
}
