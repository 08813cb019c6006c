/** The OCI specifications as records. */
module dev.kapal.oci {
  requires static transitive org.jspecify;
  requires transitive tools.jackson.databind;

  exports dev.kapal.oci;
  exports dev.kapal.oci.runtime;

  opens dev.kapal.oci to
      tools.jackson.databind;
  opens dev.kapal.oci.runtime to
      tools.jackson.databind;
}
