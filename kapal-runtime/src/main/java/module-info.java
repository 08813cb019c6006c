/** Runtimes: the SPI, the plan compiler and the native runtime. */
module dev.kapal.runtime {
  requires static transitive org.jspecify;
  requires transitive dev.kapal.oci;
  requires transitive dev.kapal.linux;

  exports dev.kapal.runtime;
  exports dev.kapal.runtime.dropin;
  exports dev.kapal.runtime.monitor;
  exports dev.kapal.runtime.oci;
  exports dev.kapal.runtime.plan;
  exports dev.kapal.runtime.seccomp;
  exports dev.kapal.runtime.shim;

  opens dev.kapal.runtime.dropin to
      tools.jackson.databind;
  opens dev.kapal.runtime.monitor to
      tools.jackson.databind;
  opens dev.kapal.runtime.oci to
      tools.jackson.databind;
  opens dev.kapal.runtime.shim to
      tools.jackson.databind;
}
