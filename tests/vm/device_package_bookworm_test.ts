import { testPackage } from "./device_package.ts";

testPackage("bookworm");
