/** Linux for Java, through the Foreign Function and Memory API. */
module dev.kapal.linux {
  requires static transitive org.jspecify;

  exports dev.kapal.linux;
  exports dev.kapal.linux.systemd;
}
