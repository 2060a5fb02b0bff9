"""The live pages, made with NiceGUI. Loaded by the serve role only: importing it takes some 25 MiB."""
