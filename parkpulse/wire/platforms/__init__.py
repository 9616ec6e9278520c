"""Messages of the carriers' platforms: CTWing, OneNET, Huawei IoTDA."""
