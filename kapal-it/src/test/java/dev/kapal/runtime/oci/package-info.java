/** The behaviour suite of kapal-runtime, for runtimes that need an installation. */
package dev.kapal.runtime.oci;
