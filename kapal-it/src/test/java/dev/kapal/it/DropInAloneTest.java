package dev.kapal.it;

/** kapal-oci without a daemon: a JVM for each command. */
final class DropInAloneTest extends DropInCases {
  @Override
  DropIn open() {
    return DropIn.alone();
  }
}
